"""Pages for people: jinja2 templates, inline SVG, no scripts."""
