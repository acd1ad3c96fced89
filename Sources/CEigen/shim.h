// Only the include path of this package is used, by C++ targets.
