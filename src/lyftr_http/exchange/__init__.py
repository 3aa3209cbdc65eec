"""One request and its answer, without a framework: headers, body, paths, errors."""
