"""Which frames belong to which flow, exactly and in little memory: what evidence is made of."""
