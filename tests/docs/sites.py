"""Sizes of screens, for the tests of the site."""

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
