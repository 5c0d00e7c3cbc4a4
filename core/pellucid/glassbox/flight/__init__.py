"""The flight recorder: figures of many steps, kept and read again."""
