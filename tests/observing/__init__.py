"""Those who listen, looked at for real: a page, a gateway, a collector, a log."""
