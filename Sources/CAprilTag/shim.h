#include <apriltag/apriltag.h>
