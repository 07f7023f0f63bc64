"""Parts of screens that Streamlit does not have: own HTML, CSS and JavaScript, no build step."""
