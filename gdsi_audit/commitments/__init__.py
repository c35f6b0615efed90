"""Stage 9: the seven commitments of the Global Data Security Initiative, and what may be said of each. Findings and coverage become verdicts."""
