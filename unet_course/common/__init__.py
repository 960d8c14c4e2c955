"""What the Keras twin and the PyTorch twin share; nothing here imports a framework."""
