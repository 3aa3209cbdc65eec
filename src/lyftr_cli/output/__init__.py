"""What commands print: tables, charts and progress for people, JSON Lines for programs."""
