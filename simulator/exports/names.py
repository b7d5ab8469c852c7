"""Invented names. Company names are made of syllables, mail addresses end in `.example`."""

import numpy as np

_OPENINGS = """
Bel Cor Dra Elv Fen Gal Hal Ira Jor Kel Lum Mar Nor Oph Pra Quin Ral Sol Tar Ulm Vel Wyn
Xan Yar Zel Bro Cas Dorn Esk Fyr Gren Hesk Ist Jas Kor Lind Mirr Nev Ost Pell Rond Skar
Thal Urs Vand Wex Yst Zorn
""".split()  # noqa: SIM905
_ENDINGS = """
adan abria acora adell afira agrin alune amere andor apex aquil arven asina athen avaro
axion ebrin ecast edane efalt egora elith emont enara epoch eris esti etta ever exa ibar
icor idane ifor igant ilume imar inova iris istra ivane oben odine oforn olith omar onair
oria ostra oven umbra
""".split()  # noqa: SIM905
_NOUNS = {
    "Software": ["Systems", "Labs", "Software", "Cloud", "Digital", "Data"],
    "Financial Services": ["Capital", "Finance", "Credit", "Partners", "Assurance", "Treasury"],
    "Healthcare": ["Health", "Clinics", "Care", "Medical", "Therapeutics", "Diagnostics"],
    "Manufacturing": ["Industries", "Works", "Manufacturing", "Components", "Tooling", "Materials"],
    "Retail": ["Stores", "Retail", "Outfitters", "Markets", "Goods", "Trading"],
    "Logistics": ["Logistics", "Freight", "Shipping", "Transport", "Cargo", "Routes"],
    "Education": ["Academy", "Learning", "College", "Schools", "Education", "Tutors"],
    "Media": ["Media", "Studios", "Press", "Broadcast", "Pictures", "Publishing"],
    "Energy": ["Energy", "Power", "Renewables", "Grid", "Utilities", "Solar"],
    "Professional Services": ["Consulting", "Advisory", "Associates", "Services", "Counsel"],
}
_FIRST = """
Ada Aisha Alma Amir Anders Anika Arjun Bea Ben Bruno Carla Chen Clara Dana Daniel Diego
Elena Elif Emil Emma Farah Felix Fiona Grace Hana Hugo Ines Ivan Jade Jamal Jonas Julia Kai
Karin Kofi Laila Lars Leo Lina Luca Maja Malik Mara Marco Mei Mina Nadia Nils Noor Omar
Otto Paula Priya Rafael Rosa Samir Sara Sofia Tomas Uma Vera Viktor Wanda Yara Yusuf Zoe
""".split()  # noqa: SIM905
_LAST = """
Abbott Adeyemi Ahlberg Almeida Andersen Baker Banerjee Becker Bianchi Boateng Brandt Carver
Castro Chandra Cohen Costa Dahl Diaz Dubois Eklund Farouk Fischer Flores Fontaine Garcia
Haddad Hansen Hayashi Hughes Ibrahim Ivanov Jansen Jensen Kaplan Kaur Keller Kim Kovacs
Laurent Lehmann Lopez Marino Mbeki Meyer Moreau Nakamura Nguyen Novak Okafor Olsen Ortiz
Park Patel Pereira Quinn Rao Reyes Rossi Sato Schmidt Silva Singh Sorensen Tanaka Thorne
Torres Vargas Vogel Walsh Weber Wong Yamada Zhang Ziegler
""".split()  # noqa: SIM905
TITLES = {
    "sponsor": ("Chief Operating Officer", "VP Operations", "Chief Digital Officer", "VP Finance"),
    "champion": ("Head of Operations", "Operations Manager", "Program Director"),
    "admin": ("Systems Administrator", "Business Systems Lead", "IT Manager"),
    "user": ("Analyst", "Coordinator", "Specialist", "Team Lead"),
}


def company_names(
    rng: np.random.Generator, industries: tuple[str, ...], industry_codes: np.ndarray
) -> np.ndarray:
    """A different name for each company, its noun fitting its industry."""
    words = np.array([opening + ending for opening in _OPENINGS for ending in _ENDINGS])
    names = np.empty(len(industry_codes), dtype=object)
    words = np.array([opening + ending for opening in _OPENINGS for ending in _ENDINGS])
    words = words[rng.permutation(len(words))]
    for code, industry in enumerate(industries):
        nouns = np.array(_NOUNS[industry])
        members = np.flatnonzero(industry_codes == code)
        if len(members) > len(words) * (len(nouns) - 1):
            raise ValueError(f"not enough names for {len(members)} companies in {industry}")
        # Each industry starts elsewhere in the list; each round through it moves the nouns on
        # by one, so that no pair comes twice.
        place = np.arange(len(members)) + code * len(words) // len(industries)
        rounds, word = np.divmod(place, len(words))
        names[members] = words[word] + " " + nouns[(word + rounds) % len(nouns)]
    return names


def people_names(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last names of `count` people."""
    first = np.array(_FIRST)[rng.integers(len(_FIRST), size=count)]
    last = np.array(_LAST)[rng.integers(len(_LAST), size=count)]
    return first, last
