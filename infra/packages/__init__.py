"""What each deployment package holds, built to the letter: the light zip, and the container image."""
