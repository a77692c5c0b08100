"""What is kept of files and chunks: how their results are laid out as bytes."""
