"""What detectors hand on: findings, and the evidence that anyone can find again in the capture."""
