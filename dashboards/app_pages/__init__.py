"""One file per page; streamlit_app.py navigates between them."""
