#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "CImageCodecs.h"

static int fail(tjhandle handle, const char *what, char *message) {
  snprintf(message, CIC_MESSAGE, "%s", what ? what : tjGetErrorStr2(handle));
  if (handle) tjDestroy(handle);
  return -1;
}

int cic_jpeg_info(const uint8_t *data, size_t size, cic_info *info, char *message) {
  int sampling, space;
  tjhandle handle = tjInitDecompress();
  if (!handle) return fail(NULL, "out of memory", message);
  if (tjDecompressHeader3(handle, data, size, &info->width, &info->height, &sampling, &space))
    return fail(handle, NULL, message);
  if (info->width < 1 || info->height < 1 || info->width > CIC_MAX_SIDE ||
      info->height > CIC_MAX_SIDE)
    return fail(handle, "image size out of range", message);
  info->channels = sampling == TJSAMP_GRAY ? 1 : 3;
  info->bits = 8;
  tjDestroy(handle);
  return 0;
}

int cic_jpeg_check(const uint8_t *data, size_t size, cic_info *info, char *message) {
  if (cic_jpeg_info(data, size, info, message)) return -1;
  // An eighth of the size takes the whole data but next to no transforms.
  const int width = (info->width + 7) / 8, height = (info->height + 7) / 8;
  tjhandle handle = tjInitDecompress();
  uint8_t *out = malloc((size_t)width * height);
  int status = -1;
  if (!handle || !out) snprintf(message, CIC_MESSAGE, "out of memory");
  else if (tjDecompress2(handle, data, size, out, width, 0, height, TJPF_GRAY, TJFLAG_FASTDCT))
    snprintf(message, CIC_MESSAGE, "%s", tjGetErrorStr2(handle));
  else status = 0;
  free(out);
  if (handle) tjDestroy(handle);
  return status;
}

int cic_jpeg_rgb(const uint8_t *data, size_t size, uint8_t *out, size_t out_size, char *message) {
  cic_info info;
  if (cic_jpeg_info(data, size, &info, message)) return -1;
  if ((size_t)3 * info.width * info.height != out_size) return fail(NULL, "wrong size", message);
  tjhandle handle = tjInitDecompress();
  if (!handle) return fail(NULL, "out of memory", message);
  // A warning (a truncated scan, say) is a failure too: a half-grey picture must not pass as one.
  if (tjDecompress2(handle, data, size, out, info.width, 0, info.height, TJPF_RGB,
                    TJFLAG_ACCURATEDCT))
    return fail(handle, NULL, message);
  tjDestroy(handle);
  return 0;
}

int cic_jpeg_encode(const uint8_t *rgb, int32_t width, int32_t height, int32_t quality,
                    uint8_t **out, size_t *out_size, char *message) {
  tjhandle handle = tjInitCompress();
  if (!handle) return fail(NULL, "out of memory", message);
  unsigned char *buffer = NULL;
  unsigned long size = 0;
  if (tjCompress2(handle, rgb, width, 0, height, TJPF_RGB, &buffer, &size, TJSAMP_420, quality,
                  TJFLAG_ACCURATEDCT)) {
    tjFree(buffer);
    return fail(handle, NULL, message);
  }
  *out = malloc(size);
  if (*out) memcpy(*out, buffer, size);
  *out_size = size;
  tjFree(buffer);
  if (!*out) return fail(handle, "out of memory", message);
  tjDestroy(handle);
  return 0;
}

void cic_free(uint8_t *data) { free(data); }
