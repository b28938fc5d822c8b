"""What a user holds: a network, an ensemble, a neuron; and how a fit is compared with a checkpoint's."""
