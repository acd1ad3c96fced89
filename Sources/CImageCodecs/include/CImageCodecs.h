// JPEG (libjpeg-turbo) and PNG (libpng) from and to caller's memory. No files, no globals.
// Functions return 0, or -1 with a message of at most CIC_MESSAGE bytes; nothing leaks on failure.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { CIC_MESSAGE = 256, CIC_MAX_SIDE = 16384 };

typedef struct {
  int32_t width, height;
  int32_t channels;  // as stored: 1 grey, 2 grey+alpha, 3 RGB, 4 RGBA (a palette counts as 3)
  int32_t bits;      // 8 or 16 (fewer bits count as 8)
} cic_info;

// Reads the header alone. Sides beyond CIC_MAX_SIDE are refused.
int cic_jpeg_info(const uint8_t *data, size_t size, cic_info *info, char message[CIC_MESSAGE]);
int cic_png_info(const uint8_t *data, size_t size, cic_info *info, char message[CIC_MESSAGE]);

// Reads a JPEG's header and all of its entropy-coded data, without making a picture of it.
int cic_jpeg_check(const uint8_t *data, size_t size, cic_info *info, char message[CIC_MESSAGE]);

// Decodes to interleaved 8-bit RGB; `out` holds 3 * width * height bytes, as the header said.
int cic_jpeg_rgb(const uint8_t *data, size_t size, uint8_t *out, size_t out_size,
                 char message[CIC_MESSAGE]);
int cic_png_rgb(const uint8_t *data, size_t size, uint8_t *out, size_t out_size,
                char message[CIC_MESSAGE]);
// Decodes a grey PNG of 8 or 16 bits to samples of that size (16 bits in host order).
int cic_png_grey(const uint8_t *data, size_t size, void *out, size_t out_size,
                 char message[CIC_MESSAGE]);

// Encodes; *out is malloc'd and freed with cic_free. PNG: channels 1 or 3, 8 bits each.
int cic_jpeg_encode(const uint8_t *rgb, int32_t width, int32_t height, int32_t quality,
                    uint8_t **out, size_t *out_size, char message[CIC_MESSAGE]);
int cic_png_encode(const void *samples, int32_t width, int32_t height, int32_t channels,
                   uint8_t **out, size_t *out_size, char message[CIC_MESSAGE]);
// A 16-bit grey PNG, made for recording rates: every row is the difference to the one above, which
// suits depth best of the five filters, compressed by libdeflate at its fastest level. Of a depth
// image of 640x576 that makes 146 kB in 4 ms; zlib's level 4 takes three times as long for 138 kB.
int cic_png_encode_grey16(const uint16_t *samples, int32_t width, int32_t height, uint8_t **out,
                          size_t *out_size, char message[CIC_MESSAGE]);
void cic_free(uint8_t *data);
