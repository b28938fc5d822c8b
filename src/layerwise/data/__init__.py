"""The door: arrays, tables and labels of any form brought to what the engines read; and keyed random numbers."""
