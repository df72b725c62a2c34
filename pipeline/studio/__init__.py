"""The work behind the studio's page: frames, hints, masks and correction rounds of one run."""
