"""What experiments share in which a trained model writes, a token a frame: the draw, its frame, its arithmetic."""
