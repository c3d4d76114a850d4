"""Questions in, ranked files out: pure code over ports."""
