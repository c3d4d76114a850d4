"""What a cluster is given: images, values for Dagster's chart, manifests, and a check of them."""
