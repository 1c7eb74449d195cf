"""Speed, memory and size, side by side in one run; run on demand, never asserted."""
