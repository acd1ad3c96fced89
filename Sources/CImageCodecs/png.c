#include <libdeflate.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CImageCodecs.h"

typedef struct {
  const uint8_t *in;
  size_t in_size, at;
  uint8_t *out;
  size_t out_size, capacity;
  char *message;
} stream;

static void on_error(png_structp png, png_const_charp text) {
  stream *s = png_get_error_ptr(png);
  snprintf(s->message, CIC_MESSAGE, "%s", text);
  longjmp(png_jmpbuf(png), 1);
}
static void on_warning(png_structp png, png_const_charp text) { (void)png; (void)text; }

static void on_read(png_structp png, png_bytep into, size_t count) {
  stream *s = png_get_io_ptr(png);
  if (count > s->in_size - s->at) png_error(png, "the file ends too early");
  memcpy(into, s->in + s->at, count);
  s->at += count;
}

static void on_write(png_structp png, png_bytep from, size_t count) {
  stream *s = png_get_io_ptr(png);
  if (s->out_size + count > s->capacity) {
    size_t capacity = 2 * (s->out_size + count);
    uint8_t *grown = realloc(s->out, capacity);
    if (!grown) png_error(png, "out of memory");
    s->out = grown;
    s->capacity = capacity;
  }
  memcpy(s->out + s->out_size, from, count);
  s->out_size += count;
}
static void on_flush(png_structp png) { (void)png; }

enum want { INFO, RGB, GREY };

static int decode(const uint8_t *data, size_t size, cic_info *info, void *out, size_t out_size,
                  enum want want, char *message) {
  stream s = {.in = data, .in_size = size, .message = message};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
  png_infop header = png ? png_create_info_struct(png) : NULL;
  if (!header) {
    png_destroy_read_struct(&png, NULL, NULL);
    snprintf(message, CIC_MESSAGE, "out of memory");
    return -1;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &header, NULL);
    return -1;
  }
  png_set_user_limits(png, CIC_MAX_SIDE, CIC_MAX_SIDE);
  png_set_read_fn(png, &s, on_read);
  png_read_info(png, header);
  const int type = png_get_color_type(png, header), bits = png_get_bit_depth(png, header);
  info->width = (int32_t)png_get_image_width(png, header);
  info->height = (int32_t)png_get_image_height(png, header);
  info->channels = type == PNG_COLOR_TYPE_PALETTE ? 3 : png_get_channels(png, header);
  info->bits = bits == 16 ? 16 : 8;
  if (want != INFO) {
    if (want == RGB) {
      png_set_expand(png);
      png_set_scale_16(png);
      png_set_strip_alpha(png);
      png_set_gray_to_rgb(png);
    } else {
      if (type != PNG_COLOR_TYPE_GRAY) png_error(png, "the image is not grey");
      if (bits == 16) png_set_swap(png);
      else png_set_expand_gray_1_2_4_to_8(png);
    }
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, header);
    const size_t row = png_get_rowbytes(png, header);
    if (row * (size_t)info->height != out_size) png_error(png, "unexpected image size");
    for (int pass = 0; pass < passes; ++pass)
      for (int32_t y = 0; y < info->height; ++y) png_read_row(png, (png_bytep)out + y * row, NULL);
    png_read_end(png, NULL);
  }
  png_destroy_read_struct(&png, &header, NULL);
  return 0;
}

int cic_png_info(const uint8_t *data, size_t size, cic_info *info, char *message) {
  return decode(data, size, info, NULL, 0, INFO, message);
}
int cic_png_rgb(const uint8_t *data, size_t size, uint8_t *out, size_t out_size, char *message) {
  cic_info info;
  return decode(data, size, &info, out, out_size, RGB, message);
}
int cic_png_grey(const uint8_t *data, size_t size, void *out, size_t out_size, char *message) {
  cic_info info;
  return decode(data, size, &info, out, out_size, GREY, message);
}

int cic_png_encode(const void *samples, int32_t width, int32_t height, int32_t channels,
                   uint8_t **out, size_t *out_size, char *message) {
  stream s = {.message = message};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
  png_infop header = png ? png_create_info_struct(png) : NULL;
  if (!header) {
    png_destroy_write_struct(&png, NULL);
    snprintf(message, CIC_MESSAGE, "out of memory");
    return -1;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &header);
    free(s.out);
    return -1;
  }
  png_set_write_fn(png, &s, on_write, on_flush);
  png_set_compression_level(png, 4);
  png_set_IHDR(png, header, width, height, 8, channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, header);
  const size_t row = (size_t)width * channels;
  for (int32_t y = 0; y < height; ++y)
    png_write_row(png, (png_const_bytep)samples + y * row);
  png_write_end(png, header);
  png_destroy_write_struct(&png, &header);
  *out = s.out;
  *out_size = s.out_size;
  return 0;
}

static uint8_t *put32(uint8_t *to, uint32_t value) {
  for (int i = 0; i < 4; ++i) to[i] = (uint8_t)(value >> (24 - 8 * i));
  return to + 4;
}

// Puts length, name and checksum around `size` bytes that stand at to + 8 already.
static uint8_t *put_chunk(uint8_t *to, const char *name, size_t size) {
  put32(to, (uint32_t)size);
  memcpy(to + 4, name, 4);
  return put32(to + 8 + size, libdeflate_crc32(0, to + 4, size + 4));
}

int cic_png_encode_grey16(const uint16_t *samples, int32_t width, int32_t height, uint8_t **out,
                          size_t *out_size, char *message) {
  static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  const size_t row = 1 + 2 * (size_t)width, raw_size = row * (size_t)height;
  struct libdeflate_compressor *deflate = libdeflate_alloc_compressor(1);
  uint8_t *raw = malloc(raw_size ? raw_size : 1);
  const size_t bound = deflate ? libdeflate_zlib_compress_bound(deflate, raw_size) : 0;
  uint8_t *png = malloc(sizeof signature + 25 + 12 + bound + 12);
  size_t packed = 0;
  if (deflate && raw && png) {
    for (int32_t y = 0; y < height; ++y) {
      const uint16_t *line = samples + (size_t)y * width;
      uint8_t *to = raw + (size_t)y * row;
      *to++ = y ? 2 : 0;
      for (int32_t x = 0; x < width; ++x) {
        const uint16_t above = y ? line[x - width] : 0;
        to[2 * x] = (uint8_t)((line[x] >> 8) - (above >> 8));
        to[2 * x + 1] = (uint8_t)(line[x] - above);
      }
    }
    memcpy(png, signature, sizeof signature);
    uint8_t *at = png + sizeof signature, *header = at + 8;
    header = put32(put32(header, (uint32_t)width), (uint32_t)height);
    memcpy(header, "\x10\0\0\0\0", 5);
    at = put_chunk(at, "IHDR", 13);
    packed = libdeflate_zlib_compress(deflate, raw, raw_size, at + 8, bound);
    at = put_chunk(put_chunk(at, "IDAT", packed), "IEND", 0);
    *out = png;
    *out_size = (size_t)(at - png);
  }
  free(raw);
  if (deflate) libdeflate_free_compressor(deflate);
  if (packed) return 0;
  free(png);
  snprintf(message, CIC_MESSAGE, "out of memory");
  return -1;
}
