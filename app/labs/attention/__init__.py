"""The attention lab: who looks at whom, from a few numbers on paper upwards."""
