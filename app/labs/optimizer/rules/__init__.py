"""The update rules of the race: ``table`` says what there is (no torch), the other modules are the rules that torch lacks."""
