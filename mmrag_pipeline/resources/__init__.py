"""What Dagster hands to assets and sensors: the world, made by assembly."""
