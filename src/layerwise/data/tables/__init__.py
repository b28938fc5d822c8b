"""Tables as people have them: text cells become numbers, dates and categories, and each column gets a use."""
