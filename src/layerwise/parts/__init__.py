"""What a network is made of: layers, losses, penalties, optimizers, and how each is described."""
