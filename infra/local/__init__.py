"""The local cloud: moto, a door to S3 Tables, the demo."""
