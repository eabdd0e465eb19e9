"""What the trainings share: reading data, the loop, saving weights with their card."""
