"""The container image: how it is built, and how it comes to Amazon ECR."""
