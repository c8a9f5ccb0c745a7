"""Occupations by field, for telling that a reply gives somebody another one than the profile does.

A field has the names of its occupations and the beginnings of words that speak of it. Two names of
one field may be the same job in other words, so they never contradict each other, and a person
whose profile, situation or turns hold a word of a field may well work in it. Names that people also
use of hobbies or as praise (cook, writer, driver, fighter, gardener) are left out.
"""

from collections.abc import Mapping

# Field: (names, beginnings).
FIELDS: Mapping[str, tuple[str, str]] = {
    "teaching": (
        "teacher schoolteacher headmaster headmistress headteacher professor lecturer",
        "teach taught school professor lectur tutor universit college class pupil student kinder "
        "nursery academ exam educat coach instruct",
    ),
    "health": (
        "nurse doctor physician surgeon paramedic midwife dentist pharmacist anaesthetist "
        "radiographer radiologist cardiologist paediatrician physiotherapist "
        "vet veterinarian optician",
        "nurs doctor physician surg paramedic midwi dent pharma chemist anaesth hospital clinic "
        "ward patient medic care caring vet radio therap physio ambulance health hospice icu er "
        "optic cardio paed ped animal",
    ),
    "kitchen": (
        "chef baker butcher waiter waitress barista bartender barmaid barman",
        "chef cook bak butcher wait bar kitchen restaurant caf canteen food pastr hotel pub meat "
        "bread coffee cake cater diner dish",
    ),
    "transport": (
        "trucker conductor dispatcher courier sailor",
        "driv pilot truck bus taxi cab lorry van train tram ferr ship boat sail flight fly plane "
        "transport deliver dispatch cour rail air navi sea port coxswain conduct ticket depot",
    ),
    "law": (
        "lawyer solicitor barrister attorney paralegal",
        "law solicitor court judge attorney legal barrister notar justice",
    ),
    "uniform": (
        "policeman policewoman firefighter fireman",
        "polic soldier army fire militar guard secur navy officer sergeant patrol prison station",
    ),
    "trades": (
        "carpenter electrician plumber welder mechanic bricklayer roofer builder joiner plasterer "
        "stonemason",
        "carpen wood electric plumb weld mechanic brick roof build built construct joiner plaster "
        "mason stone site workshop repair fix engine garage tool cabinet furnitur forem crew "
        "factory machin install boiler heating car",
    ),
    "technology": (
        "programmer developer",
        "engineer program develop software code coding tech it data comput web app digital system "
        "network support",
    ),
    "office": (
        "accountant banker secretary bookkeeper receptionist auditor",
        "account bank financ secretar clerk office admin audit bookkeep payroll insur tax recep "
        "desk manag director company firm business clinic hotel front assistant hr controller",
    ),
    "land": (
        "farmer shepherd shepherdess fisherman",
        "farm shepherd garden fish goat sheep cattle cow orchard vine ranch hen turkey herd crop "
        "field animal dairy forest land hay olive pig bee tractor",
    ),
    "stage": (
        "journalist photographer actress",
        "music act paint writ journal photo sing danc play band orchestra art film theat novel poe "
        "choir news magazine report edit design stage camera",
    ),
    "hair": ("hairdresser barber beautician", "hair barber salon beaut nail"),
    "shop": (
        "cashier shopkeeper salesman saleswoman",
        "shop sell sale sold store market cashier retail trade custom till stall haberdash "
        "boutique grocer kiosk",
    ),
    "cleaning": ("cleaner housekeeper janitor", "clean housekeep janitor hotel maid caretak"),
    "books": ("librarian archivist", "librar archiv book museum"),
}
