// What softplus is over the ramp, log(1 + exp(y)) - max(0, y), and its slope, by functions.

CFK_INLINE vf softplusOver(vf y, vf *slope) {
  const vf t = vexp2Down(vabs(y) * -1.44269504f), r = 1.0f / (t + 1.0f);
  *slope = y >= 0.0f ? r : t * r;
  return vlog1p01(t);
}
