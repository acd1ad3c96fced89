// a = phi(z), p = phi'(z) over a block of `count` floats; `second` rebuilds phi'' from a and p.

// Below minus this softplus and its slope, 5e-5 of a ramp's there, are zero, so that products can leave them out.
static const float kSoftplusEnd = 10;

static void activate(int32_t kind, float scale, const float *z, float *a, float *p, int64_t count) {
  if (kind == CFK_SOFTPLUS) {
    const float inverse = 1.0f / scale;
    for (int64_t i = 0; i < count; i += kWidth) {
      const vf x = load(z + i);
      const vf y = x * scale;
      vf slope;
      const vf over = softplusOver(y, &slope);
      const vi counts = ~(y < -kSoftplusEnd);  // what is not a number does
      store(a + i, (vf)((vi)(vmax((vf){}, x) + over * inverse) & counts));
      store(p + i, (vf)((vi)slope & counts));
    }
    return;
  }
  for (int64_t i = 0; i < count; i += kWidth) {
    const vf x = load(z + i);
    vf value, slope;
    switch (kind) {
      case CFK_RELU:
        value = vmax((vf){}, x);
        slope = x > 0.0f ? splat(1.0f) : (vf){};
        break;
      case CFK_SINE:
        vsincos(x * scale, &value, &slope);
        slope = slope * scale;
        break;
      case CFK_SIGMOID: {
        const vf t = vexp(-vabs(x)), r = 1.0f / (t + 1.0f);
        value = x >= 0.0f ? r : t * r;
        slope = value * (1.0f - value);
        break;
      }
      default: value = x; slope = splat(1.0f);
    }
    store(a + i, value);
    store(p + i, slope);
  }
}

CFK_INLINE vf second(int32_t kind, float scale, vf a, vf p) {
  switch (kind) {
    case CFK_SOFTPLUS: return p * (1.0f - p) * scale;
    case CFK_SINE: return a * (-scale * scale);
    case CFK_SIGMOID: return p * (1.0f - 2.0f * a);
    default: return (vf){};
  }
}
