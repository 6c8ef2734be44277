"""What is done in an AWS account from here: the template deployed, and tried out with a stage of its own."""
