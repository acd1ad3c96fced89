// What Swift cannot ask the C library by itself.
#pragma once
#include <stddef.h>

// Bytes that the main heap has handed out and not got back.
size_t chp_bytes_in_use(void);
