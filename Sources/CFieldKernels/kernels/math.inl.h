// Vector arithmetic, generic over the width kWidth of the including target.

typedef float vf __attribute__((vector_size(kWidth * 4)));
typedef int32_t vi __attribute__((vector_size(kWidth * 4)));
#define CFK_INLINE static inline __attribute__((always_inline))

CFK_INLINE vf load(const float *p) { vf v; __builtin_memcpy(&v, p, sizeof v); return v; }
CFK_INLINE void store(float *p, vf v) { __builtin_memcpy(p, &v, sizeof v); }
CFK_INLINE vf splat(float x) { return (vf){} + x; }
CFK_INLINE vf vmax(vf a, vf b) { return __builtin_elementwise_max(a, b); }
CFK_INLINE vf select(vi mask, vf a, vf b) { return (vf)(((vi)a & mask) | ((vi)b & ~mask)); }

// exp(x) for x in [-87, 88]; below, 0. Cody-Waite reduction, degree 6: relative error below 2e-7.
CFK_INLINE vf vexp(vf x) {
  const vf clamped = vmax(x, splat(-87.0f));
  const vf n = __builtin_elementwise_roundeven(clamped * 1.44269504088896341f);
  vf r = clamped - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  vf p = splat(1.3981999507e-3f);
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const vi exponent = (__builtin_convertvector(n, vi) + 127) << 23;
  return select(x < -87.0f, (vf){}, p * (vf)exponent);
}

// log(1 + t) for t in [0, 1]: with s = t / (2 + t) in [0, 1/3], 2 atanh s by its series to s^13;
// absolute error below 1e-7.
CFK_INLINE vf vlog1p01(vf t) {
  const vf s = t / (t + 2.0f), q = s * s;
  vf p = splat(2.0f / 13);
  p = p * q + 2.0f / 11;
  p = p * q + 2.0f / 9;
  p = p * q + 2.0f / 7;
  p = p * q + 2.0f / 5;
  p = p * q + 2.0f / 3;
  p = p * q + 2.0f;
  return p * s;
}

// sin and cos, |x| up to about 1e4: reduction by pi/2 in three parts, then polynomials.
CFK_INLINE void vsincos(vf x, vf *sine, vf *cosine) {
  const vf n = __builtin_elementwise_roundeven(x * 0.636619772367581343f);
  const vi quadrant = __builtin_convertvector(n, vi);
  vf r = x - n * 1.5703125f;
  r = r - n * 4.837512969970703125e-4f;
  r = r - n * 7.54978995489188216e-8f;
  const vf q = r * r;
  vf s = splat(-1.9515295891e-4f);
  s = s * q + 8.3321608736e-3f;
  s = s * q + -1.6666654611e-1f;
  s = s * q * r + r;
  vf c = splat(2.443315711809948e-5f);
  c = c * q + -1.388731625493765e-3f;
  c = c * q + 4.166664568298827e-2f;
  c = c * q * q - q * 0.5f + 1.0f;
  const vi swap = (quadrant & 1) != 0;
  const vf a = select(swap, c, s), b = select(swap, s, c);
  *sine = select((quadrant & 2) != 0, -a, a);
  *cosine = select(((quadrant + 1) & 2) != 0, -b, b);
}
