"""The app's frame: title, logo, navigation, and words instead of a traceback.

Start it with `streamlit run dashboards/streamlit_app.py` in the project's folder.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Streamlit puts this file's folder on the path, not the project's; an editable install would do,
# a plain checkout has none.
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from dashboards import components, data  # noqa: E402

PAGES = Path(__file__).parent / "app_pages"
ASSETS = Path(__file__).parent / "assets"

# A file of ours: a Material icon as favicon would be fetched from fonts.gstatic.com.
st.set_page_config(page_title="Tenure", page_icon=str(ASSETS / "icon.svg"), layout="wide")
st.logo(str(ASSETS / "tenure.svg"), size="large")
page = st.navigation(
    [
        st.Page(PAGES / "portfolio.py", title="Portfolio", icon=":material/donut_small:"),
        st.Page(PAGES / "accounts_at_risk.py", title="Accounts at risk", icon=":material/warning:"),
        st.Page(PAGES / "cohorts.py", title="Cohorts", icon=":material/grid_on:"),
        st.Page(PAGES / "data_quality.py", title="Data", icon=":material/rule:"),
    ],
    position="top",
)
try:
    page.run()
except data.MartsUnavailable as unavailable:
    components.show_state(unavailable.explanation)
