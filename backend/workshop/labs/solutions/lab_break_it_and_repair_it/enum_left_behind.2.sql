-- What the old downgrade left here. Without CASCADE: if something used the type, this would refuse.
DROP TYPE loyalty_level;
