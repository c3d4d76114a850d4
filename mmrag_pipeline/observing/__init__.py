"""Those who listen: a page for Prometheus, a Pushgateway, a collector of spans, a log."""
