"""What the adapters over SQL databases share; neither knows the other, and this knows neither."""
