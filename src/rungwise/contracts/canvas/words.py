"""The words of the canvas problems: which system is asked for, how the brief says so, how scenarios are told.

Everything here is data for the task generator; nothing here changes what a good answer is, except the numbers that a
scenario states. Three rules keep the splits honest and the text sound:

1. A system belongs to one split, and wordings marked "heldout" are used by the dev and held-out splits alone. The class
   "personal" has held-out systems only, so that a policy can be measured on a class that it never saw.
2. No text names a mode or a type of component: what has to be built is never given away by the story.
3. Templates never depend on the number or the article of what fills them. Sources are plural, systems are singular and
   carry their article, workers and keepers stand only after prepositions, modal verbs or verbs that do not bend.
"""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class System:
    """What a brief is about. `noun` and the title say the same; `items` go from `source` past `worker` to `keeper`."""

    noun: str
    title: str
    item: str
    items: str
    source: str
    worker: str
    keeper: str


def brief(system: System, problem_class: str, load: int, heldout: bool, rng: random.Random) -> str:
    """One paragraph of three or four sentences: the system, its load, perhaps what must not happen, the ask."""
    voice = "heldout" if heldout else "train"
    opening, steady, ask = (rng.choice(part[voice]) for part in (OPENINGS, LOADS, ASKS))
    limit = rng.choice(LIMITS[problem_class][voice])
    order = rng.choice(((opening, steady, limit, ask), (opening, limit, steady, ask), (opening, steady, ask)))
    flow = _counted(load, system.item, system.items)
    return " ".join(_sentence(template, system, flow=flow) for template in order)


def scenario_words(
    kind: str, numbers: Mapping[str, int], system: System, heldout: bool, rng: random.Random
) -> tuple[str, str]:
    """A label and a description that states every one of `numbers`, since they decide what a good answer is."""
    label, template = rng.choice(SCENARIOS[kind]["heldout" if heldout else "train"])
    stated: dict[str, str] = {}
    if "ticks" in numbers:
        stated["ticks"] = _counted(numbers["ticks"], "tick", "ticks")
    if "percent" in numbers:
        stated |= {"percent": str(numbers["percent"]), "times": f"{numbers['percent'] / 100:g}"}
    return label, _sentence(template, system, **stated)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _sentence(template: str, system: System, **stated: str) -> str:
    text = template.format(**asdict(system), **stated)
    return text[0].upper() + text[1:]


def _of(noun: str, item: str, source: str, worker: str, keeper: str, items: str = "") -> System:
    """A system whose title is its noun without the article, and whose plural takes an s unless it is given."""
    bare = noun.split(" ", 1)[1]
    return System(noun, bare[0].upper() + bare[1:], item, items or f"{item}s", source, worker, keeper)


# ---- 1. Openings, the load, the ask: {flow} is the load with its unit, as in "10 repair jobs" ----

OPENINGS: Mapping[str, tuple[str, ...]] = {
    "train": (
        "{noun} takes in {items} from {source}.",
        "{source} send {items} to {noun}.",
        "{source} rely on {noun} for their {items}.",
        "{items} from {source} arrive at {noun}.",
        "Consider {noun}, where {items} are meant to reach {keeper}.",
        "The system is {noun}, and {worker} must handle every {item}.",
        "You have to plan {noun} for the {items} of {source}.",
        "Here is {noun}: {items} keep coming, and {worker} must cope.",
        "We run {noun}, which has to get {items} to {keeper}.",
        "This is about {noun} and its {items}, which go through {worker}.",
    ),
    "heldout": (
        "Suppose there is {noun}, fed with {items} from {source}.",
        "Take {noun}: {items} pass {worker} to reach {keeper}.",
        "Our subject is {noun}; its {items} are on their way to {keeper}.",
        "Somebody must look after {noun} and the {items} from {source}.",
        "Before us lies {noun}, and its {items} come from {source}.",
    ),
}

LOADS: Mapping[str, tuple[str, ...]] = {
    "train": (
        "About {flow} will arrive in each tick.",
        "Expect about {flow} in each tick.",
        "The steady load is about {flow} per tick.",
        "Each tick brings about {flow}.",
        "On a plain day, plan for about {flow} a tick.",
        "Normal running means about {flow} in every tick.",
        "When nothing is wrong, {source} send about {flow} a tick.",
    ),
    "heldout": (
        "Reckon with roughly {flow} every tick.",
        "The usual rate comes to around {flow} a tick.",
        "Tick by tick, close to {flow} will come in.",
        "A tick like any other adds about {flow}.",
    ),
}

ASKS: Mapping[str, tuple[str, ...]] = {
    "train": (
        "Design the components and connections that carry this flow.",
        "Draw a graph that brings {items} safely to {keeper}.",
        "Lay out the parts and lines so that {worker} can keep up.",
        "Build a canvas that holds up in all the scenarios below.",
        "Propose parts and lines that stay within the limits below.",
        "Plan the whole way from {source} to {keeper}, and mind the budget.",
        "Give a design that works in good times and in bad ones.",
    ),
    "heldout": (
        "Sketch a network of components that withstands what is listed below.",
        "Work out which parts are needed and how they connect.",
        "Find an arrangement that keeps {items} moving, whatever happens.",
        "Put together everything that has to link {source} with {keeper}.",
    ),
}

# ---- 2. What must not happen, by class; "personal" has train wordings only so that every class has both voices ----

LIMITS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "infra": {
        "train": (
            "No {item} may vanish because one part is down.",
            "A slow part must not make {source} wait without end.",
            "Losing even a few {items} would cost trust.",
            "A failure at {worker} must not spread to everything else.",
            "What was accepted must not be missing from {keeper} later.",
        ),
        "heldout": (
            "Once taken in, {items} must not get lost on the way to {keeper}.",
            "One broken part should not bring all the others to a halt.",
            "{source} should hardly notice when something behind the scenes fails.",
        ),
    },
    "ops": {
        "train": (
            "Work must not pile up in front of {worker} until it spills over.",
            "No {item} may be forgotten on a busy day.",
            "{source} must not be let down because {worker} cannot keep pace.",
            "A jam in one place must not stop the rest of the work.",
            "{items} may wait a little, but they must not go missing.",
        ),
        "heldout": (
            "A bad hour must not turn into a bad day.",
            "Nobody should have to start over because {items} got lost.",
            "If {worker} should fall behind, the damage has to stay small.",
        ),
    },
    "personal": {
        "train": (
            "A full week must not bury the small things.",
            "No {item} may be forgotten for good.",
            "One bad day must not end the whole routine.",
            "It must not eat up every free evening.",
        ),
        "heldout": (
            "A day off sick should not undo weeks of effort.",
            "When life gets busy, {items} may wait but must not be lost.",
            "Too much at once must not make you give up.",
            "The plan should not fall apart the first time it is missed.",
        ),
    },
    "civic": {
        "train": (
            "Nobody may lose their turn because one office is closed.",
            "Every {item} counts, so none may slip through.",
            "{source} must not be left without an answer.",
            "{items} must not get stuck when {worker} cannot respond.",
            "No {item} may be lost between {source} and {keeper}.",
        ),
        "heldout": (
            "Public trust suffers if {items} go astray before they reach {keeper}.",
            "A breakdown in one office must not leave {source} unserved.",
            "Fairness demands that no {item} is dropped in a rush.",
        ),
    },
    "adversarial": {
        "train": (
            "Hostile {items} must not reach {keeper}, and honest ones must get there.",
            "Abuse must not slow things down for honest {source}.",
            "A flood of fakes must not use up {worker}.",
            "Do not shut out honest {items} just to keep bad ones away.",
            "Some {items} may be hostile, and {keeper} must stay clean.",
        ),
        "heldout": (
            "No trick should carry a hostile {item} as far as {keeper}.",
            "Keeping abusers out must not cost honest {source} their {items}.",
            "Fake {items} should be stopped early, and real ones served as ever.",
        ),
    },
}

# ---- 3. Scenarios: (label, description) by kind; the rates of a cascade are fixed, so its wordings spell them out ----

SCENARIOS: Mapping[str, Mapping[str, tuple[tuple[str, str], ...]]] = {
    "baseline": {
        "train": (
            ("Steady", "The usual load, and every part works."),
            ("Ordinary day", "{items} arrive at the steady rate and nothing fails."),
            ("Normal load", "Just the steady flow of {items}, with no trouble anywhere."),
            ("Calm", "No fault and no rush: {source} send what they always send."),
        ),
        "heldout": (
            ("Business as usual", "All parts are sound, and {items} come at their everyday pace."),
            ("Quiet run", "Nothing out of the ordinary happens to the flow of {items}."),
        ),
    },
    "spike": {
        "train": (
            ("Spike", "For {ticks} the load rises to {percent} percent of normal."),
            ("Rush", "{source} send {times} times as many {items} ({percent} percent) for {ticks}."),
            ("Peak", "The flow of {items} climbs to {percent} percent of the usual, and stays there for {ticks}."),
            (
                "Crowd",
                "During {ticks} the load is {percent} percent of the steady one, {times} times as much.",
            ),
        ),
        "heldout": (
            ("Surge", "A wave lasting {ticks} lifts arrivals to {percent} percent of their ordinary level."),
            ("Busy stretch", "Over {ticks}, {items} come in at {percent} percent of the everyday rate."),
        ),
    },
    "outage": {
        "train": (
            ("Outage", "The busiest working part stops for {ticks}, then comes back."),
            ("Part down", "For {ticks} the part that does most of the work is out of service."),
            ("Sudden stop", "Whichever part carries the most work goes dark for {ticks}."),
            ("Breakdown", "The part with the most work to do fails completely and stays down for {ticks}."),
        ),
        "heldout": (
            ("Gone dead", "Nothing gets done at the busiest working part during {ticks}."),
            ("Blackout", "The most heavily used working part is lost, and it takes {ticks} until it runs again."),
        ),
    },
    "latency": {
        "train": (
            ("Slow part", "The busiest working part turns slow: each {item} takes {ticks} longer there."),
            ("Latency", "Every {item} spends {ticks} more in the part that does most of the work."),
            ("Drag", "It takes each {item} {ticks} longer than usual to pass the busiest working part."),
            ("Lag", "Whichever part carries the most work adds {ticks} to the time of every {item}."),
        ),
        "heldout": (
            ("Sluggish", "At the busiest working part, {items} are held up by {ticks} each."),
            ("Long wait", "The most heavily used working part goes on, but needs {ticks} extra for any {item}."),
        ),
    },
    "cascade": {
        "train": (
            (
                "Cascade",
                "For {ticks} the busiest working part runs at 40 percent of its pace. "
                "In that time the parts right after it fail one {item} in five, and all lines lose one in twenty.",
            ),
            (
                "Chain of faults",
                "The part that does most of the work slows to 40 percent for {ticks}. "
                "Meanwhile the parts directly after it fail one {item} in five, and lines lose one in twenty.",
            ),
            (
                "Spreading fault",
                "Lines lose one {item} in twenty for {ticks}, and the busiest working part falls to 40 percent speed. "
                "Meanwhile the parts it feeds directly fail one in five.",
            ),
            (
                "Knock-on",
                "Trouble lasts {ticks}: the busiest working part keeps only 40 percent of its speed. "
                "Its direct followers fail one {item} in five, and one in twenty is lost on any line.",
            ),
        ),
        "heldout": (
            (
                "Domino",
                "Over {ticks} the most heavily used working part manages 40 percent of its normal rate. "
                "Parts fed straight from it then spoil one {item} in five, and each line loses one in twenty.",
            ),
            (
                "Ripple",
                "During {ticks} one {item} in twenty gets lost on each line. "
                "The busiest working part then runs at 40 percent, and the parts directly after it fail one in five.",
            ),
        ),
    },
    "adversarial": {
        "train": (
            (
                "Attack",
                "For {ticks} hostile arrivals come on top of the clean load, at {percent} percent of it.",
            ),
            (
                "Abuse",
                "Fake {items}, all hostile, are added for {ticks}: {percent} percent of the clean load.",
            ),
            (
                "Hostile wave",
                "The clean load goes on, and hostile arrivals worth {percent} percent of it join in for {ticks}.",
            ),
            (
                "Flood",
                "During {ticks} hostile {items} pour in beside the clean ones, {percent} percent as many.",
            ),
        ),
        "heldout": (
            (
                "Bad actors",
                "Over {ticks} someone slips in hostile {items}, {percent} percent as many as the clean ones.",
            ),
            (
                "Siege",
                "Clean arrivals are joined for {ticks} by hostile ones that amount to {percent} percent of them.",
            ),
        ),
    },
}

# ---- 4. Systems, by class and split: noun, item, source, worker, keeper ----

_INFRA_TRAIN = (
    _of("a weather map server", "map request", "hikers", "the map renderer", "the map cache"),
    _of("a parcel label service", "label order", "web shops", "the label maker", "the label archive"),
    _of("a build log collector", "log bundle", "build machines", "the log reader", "the log library"),
    _of("a podcast encoding line", "episode upload", "podcasters", "the audio encoder", "the episode shelf"),
    _of("a currency rate feed", "rate update", "trading desks", "the rate checker", "the rate table"),
    _of("a smart meter intake", "meter reading", "house meters", "the reading checker", "the usage database"),
    _of("a document search service", "index job", "editors", "the index writer", "the search index"),
    _of("a push notice service", "push notice", "mobile apps", "the notice sender", "the delivery log"),
    _of("a laptop backup service", "backup upload", "laptops", "the backup packer", "the backup vault"),
    _of("a lecture captioning service", "audio clip", "lecturers", "the caption engine", "the caption files"),
    _of("a game score board", "score report", "game clients", "the score counter", "the ranking table"),
    _of("an invoice printing service", "invoice job", "billing clerks", "the page renderer", "the invoice archive"),
    _of("a feature flag service", "flag lookup", "app servers", "the rule engine", "the flag record"),
    _of("a crash report collector", "crash report", "phones", "the report decoder", "the defect list"),
    _of("a route planning service", "route query", "drivers", "the route solver", "the route history", "route queries"),
    _of("a calendar sync service", "calendar change", "office phones", "the merge engine", "the shared calendar"),
    _of("an online survey service", "survey answer", "site visitors", "the answer checker", "the answer sheet"),
    _of("a code review bot", "patch", "developers", "the patch checker", "the review thread", "patches"),
)

_INFRA_DEV = (
    _of("a concert seat map service", "seat hold", "concert goers", "the seat allocator", "the seating plan"),
    _of("a font delivery service", "font request", "web pages", "the font packer", "the font log"),
    _of("a tax table service", "tax lookup", "shop tills", "the tax finder", "the lookup journal"),
    _of("a satellite image pipeline", "image strip", "ground stations", "the image stitcher", "the scene catalogue"),
)

_INFRA_HELDOUT = (
    _of("a car sharing unlock service", "unlock request", "car club members", "the key server", "the trip record"),
    _of("a greenhouse data gateway", "climate record", "greenhouses", "the record decoder", "the growth database"),
    _of("a phrase translation service", "phrase lookup", "translators", "the phrase matcher", "the phrase bank"),
    _of("a video call recorder", "call segment", "meeting rooms", "the segment joiner", "the recording library"),
    _of("a loyalty points engine", "points claim", "petrol stations", "the points counter", "the points account"),
    _of("an address check service", "address check", "order forms", "the address matcher", "the address register"),
    _of("a chess move relay", "chess move", "chess players", "the move checker", "the game record"),
    _of("a software package mirror", "package pull", "programmers", "the mirror server", "the download record"),
    _of("a song lyrics service", "lyrics request", "music players", "the lyrics finder", "the play history"),
)

_OPS_TRAIN = (
    _of("a bakery order desk", "cake order", "party hosts", "the pastry bench", "the pickup shelf"),
    _of("a bike repair shop", "repair job", "cyclists", "the mechanics", "the collection rack"),
    _of("a dental clinic front desk", "booking request", "patients", "the reception", "the chair schedule"),
    _of("a hotel laundry", "linen load", "room staff", "the washing line", "the linen cupboard"),
    _of("a parcel depot", "parcel", "delivery vans", "the sorting belt", "the outbound bays"),
    _of("a school canteen kitchen", "lunch order", "classrooms", "the serving line", "the dining hall"),
    _of("a furniture workshop", "chair order", "furniture stores", "the joinery bench", "the showroom"),
    _of("a veterinary practice", "visit request", "pet owners", "the exam room", "the animal records"),
    _of("a plant nursery", "seedling order", "garden centres", "the packing table", "the loading dock"),
    _of("an eyeglass lab", "lens order", "opticians", "the lens grinder", "the finished trays"),
    _of("a car wash", "wash booking", "motorists", "the wash tunnel", "the exit lane"),
    _of("a print shop", "poster order", "local clubs", "the large press", "the order shelf"),
    _of("a blood test lab", "blood sample", "ward nurses", "the analyser", "the result file"),
    _of("a tailor's shop", "alteration job", "wedding guests", "the sewing table", "the garment rail"),
    _of("a pizza delivery kitchen", "pizza order", "hungry callers", "the stone oven", "the delivery bags"),
    _of("a ladder hire yard", "hire request", "builders", "the yard crew", "the hire book"),
    _of("a fish market", "fish crate", "fishing boats", "the auction clerk", "the cold room"),
    _of("a costume hire house", "costume loan", "film crews", "the fitting room", "the loan book"),
)

_OPS_DEV = (
    _of("a flower shop", "bouquet order", "shoppers", "the binding table", "the cool room"),
    _of("a piano tuning firm", "tuning request", "music schools", "the tuners", "the visit diary"),
    _of("a grain silo", "grain load", "farm trucks", "the weighbridge", "the silo towers"),
    _of("a pharmacy counter", "prescription", "family doctors", "the dispensing bench", "the pickup drawer"),
)

_OPS_HELDOUT = (
    _of("a ski rental hall", "boot fitting", "winter guests", "the fitting bench", "the rental ledger"),
    _of("a bottle return depot", "bottle crate", "corner shops", "the washing drum", "the glass yard"),
    _of("a physiotherapy practice", "therapy session", "sports clubs", "the treatment room", "the therapy record"),
    _of("a ferry loading deck", "truck booking", "haulage firms", "the ramp crew", "the deck plan"),
    _of("a watchmaker's studio", "watch repair", "jewellers", "the watchmaker", "the repair safe"),
    _of("a meal kit packing hall", "meal kit order", "subscribers", "the packing line", "the chilled trucks"),
    _of("an airport luggage hall", "suitcase", "check-in counters", "the luggage scanner", "the luggage carts"),
    _of("a theatre scenery shop", "scenery order", "stage designers", "the paint floor", "the prop room"),
    _of("a tyre garage", "tyre change", "taxi firms", "the lift crew", "the service book"),
)

_PERSONAL_HELDOUT = (
    _of("a weekly meal plan", "meal idea", "family members", "the Sunday cook", "the menu card"),
    _of("a household bill routine", "bill", "utility firms", "your desk hour", "the paid folder"),
    _of("a language learning habit", "new word", "classes and films", "your study hour", "the word box"),
    _of("a morning exercise routine", "exercise", "coaching videos", "your morning slot", "the training diary"),
    _of("a family photo album", "family photo", "relatives' phones", "your sorting evening", "the finished pages"),
    _of("a balcony garden plan", "garden chore", "pots and planters", "your watering round", "the garden diary"),
    _of("a letter writing habit", "letter", "pen friends", "your writing desk", "the post box"),
    _of("a personal reading list", "book tip", "close friends", "your reading hour", "the finished shelf"),
    _of("a shared flat chore plan", "chore", "flatmates", "the weekly rota", "the done list"),
    _of("a monthly savings plan", "spending slip", "shops and cafes", "your budget evening", "the savings book"),
    _of("a guitar practice plan", "practice piece", "guitar lessons", "your practice hour", "the song book"),
    _of("a house move checklist", "moving task", "movers and landlords", "your spare evenings", "the ticked-off page"),
    _of("a medicine reminder routine", "dose reminder", "doctors", "the pill box", "the health diary"),
    _of("a birthday gift plan", "gift idea", "cousins and friends", "your shopping trip", "the gift drawer"),
    _of("a clothes mending habit", "torn garment", "family wardrobes", "your sewing evening", "the clean pile"),
    _of("a school run carpool", "lift request", "nearby families", "the family car", "the weekly timetable"),
    _of("a home repair weekend", "small repair", "rooms at home", "your workbench", "the finished column"),
    _of("a job search routine", "job lead", "former colleagues", "your quiet hour", "the application folder"),
    _of("a family recipe collection", "recipe", "aunts and uncles", "your test kitchen", "the recipe book"),
)

_CIVIC_TRAIN = (
    _of("a passport renewal office", "renewal form", "citizens", "the passport clerks", "the passport register"),
    _of("a pothole report line", "pothole report", "road users", "the road crew", "the repair register"),
    _of("a school place office", "place request", "parents", "the placement panel", "the place list"),
    _of("a bus pass counter", "pass request", "commuters", "the pass printer", "the fare register"),
    _of("a building permit desk", "permit file", "home builders", "the plan reviewer", "the permit archive"),
    _of("a flood warning service", "gauge report", "river wardens", "the forecast desk", "the warning board"),
    _of("a court date registry", "hearing request", "law clerks", "the listing office", "the court calendar"),
    _of("a drinking water lab", "water sample", "well keepers", "the test bench", "the water report"),
    _of("a food bank", "parcel request", "local charities", "the packing room", "the pickup ledger"),
    _of("a lost property office", "loss report", "train travellers", "the search clerk", "the claim shelves"),
    _of("a street light repair desk", "lamp report", "residents", "the repair team", "the works log"),
    _of("a birth registry", "birth notice", "midwives", "the registrar", "the family register"),
    _of("a dog licence office", "licence form", "dog keepers", "the licence clerk", "the licence roll"),
    _of("a tenant advice line", "advice request", "tenants", "the advisers", "the case file"),
    _of("a city archive", "archive order", "historians", "the stack runners", "the reading desk"),
    _of("a forest fire watch", "smoke report", "lookouts", "the dispatch room", "the incident log"),
    _of("a public records desk", "records request", "reporters", "the records team", "the release folder"),
    _of("a winter road service", "salting request", "police patrols", "the shift leader", "the route sheet"),
)

_CIVIC_DEV = (
    _of("a town hall wedding desk", "wedding booking", "couples", "the wedding clerk", "the hall diary"),
    _of("a bulky waste service", "pickup request", "households", "the truck planner", "the round sheet"),
    _of("a museum school programme", "class visit", "teachers", "the guide planner", "the visit calendar"),
    _of("a noise complaint desk", "noise complaint", "neighbours", "the duty officer", "the complaint file"),
)

_CIVIC_HELDOUT = (
    _of("a blood donor line", "donor call", "blood donors", "the donor team", "the donor calendar"),
    _of("a fishing permit kiosk", "fishing form", "anglers", "the permit machine", "the angler register"),
    _of("a land survey registry", "survey plan", "surveyors", "the map office", "the land register"),
    _of("an avalanche bulletin office", "slope report", "mountain guides", "the snow desk", "the daily bulletin"),
    _of("a census form centre", "census form", "census workers", "the form readers", "the census tables"),
    _of("a village clinic referral desk", "referral", "village nurses", "the referral clerk", "the hospital list"),
    _of("a harbour customs window", "cargo paper", "ship agents", "the customs desk", "the customs ledger"),
    _of("a swim course office", "course entry", "swim clubs", "the course office", "the swim roster", "course entries"),
    _of("a community garden office", "plot request", "gardeners", "the plot committee", "the plot map"),
)

_ADVERSARIAL_TRAIN = (
    _of("a forum under link spam", "forum post", "forum members", "the post checker", "the forum pages"),
    _of("a ticket sale swamped by bots", "ticket order", "music fans", "the box office", "the order book"),
    _of("a review site with paid praise", "product review", "product testers", "the review desk", "the review page"),
    _of("a donation page under card tests", "donation", "donors", "the card checker", "the donation ledger"),
    _of("a petition site with fake names", "signature", "supporters", "the name checker", "the petition roll"),
    _of("a mail relay under junk floods", "mail message", "office workers", "the mail sorter", "the mailboxes"),
    _of("a coupon system under code guessing", "coupon claim", "card holders", "the coupon desk", "the coupon ledger"),
    _of("a price site drained by scrapers", "price lookup", "bargain hunters", "the price engine", "the price log"),
    _of("a claims desk facing staged damage", "damage claim", "policy holders", "the assessor", "the claims file"),
    _of("a prize draw with copied tickets", "draw ticket", "newspaper readers", "the ticket desk", "the draw drum"),
    _of("a job board with bogus adverts", "job posting", "employers", "the posting desk", "the job list"),
    _of("a name server under lookup floods", "name lookup", "home users", "the name resolver", "the name journal"),
    _of("a rental site with cloned listings", "flat listing", "flat owners", "the listing desk", "the listing page"),
    _of("a free trial full of fake accounts", "trial sign-up", "new users", "the sign-up desk", "the account list"),
    _of("a refund desk under false claims", "refund claim", "buyers", "the refund clerks", "the refund ledger"),
    _of("a help desk jammed by robot chats", "help request", "customers", "the help team", "the help notes"),
    _of("a wiki under page vandals", "page edit", "wiki writers", "the edit patrol", "the page history"),
    _of("an ad network with faked clicks", "ad click", "web readers", "the click counter", "the billing table"),
)

_ADVERSARIAL_DEV = (
    _of("a talent show poll with vote stuffing", "poll vote", "viewers", "the vote counter", "the tally sheet"),
    _of("a map site with false places", "place hint", "local guides", "the place checker", "the public map"),
    _of("a photo contest with stolen shots", "contest photo", "photographers", "the jury desk", "the gallery wall"),
    _of("a parcel tracker under probing", "tracking lookup", "recipients", "the tracking engine", "the tracking log"),
)

_ADVERSARIAL_HELDOUT = (
    _of("a bank transfer desk under fraud", "transfer order", "account holders", "the bank clerks", "the bank ledger"),
    _of("a game lobby full of cheats", "match request", "gamers", "the match maker", "the match record"),
    _of("a text gateway abused for spam", "text message", "local firms", "the text router", "the sent folder"),
    _of("a pen pal club with scam profiles", "member profile", "newcomers", "the profile desk", "the member list"),
    _of("a fare finder copied by crawlers", "fare question", "rail travellers", "the fare engine", "the fare log"),
    _of("a hotel site with phantom guests", "room booking", "travel agents", "the booking desk", "the room plan"),
    _of("a grant portal with forged papers", "grant form", "small charities", "the paper checker", "the grant file"),
    _of("a witness line swamped by pranks", "witness call", "bystanders", "the tip desk", "the tip file"),
    _of("an auction site with shill bids", "auction bid", "collectors", "the bid engine", "the bid book"),
)

SYSTEMS: Mapping[str, Mapping[str, tuple[System, ...]]] = {
    "infra": {"train": _INFRA_TRAIN, "dev": _INFRA_DEV, "heldout": _INFRA_HELDOUT},
    "ops": {"train": _OPS_TRAIN, "dev": _OPS_DEV, "heldout": _OPS_HELDOUT},
    "personal": {"heldout": _PERSONAL_HELDOUT},
    "civic": {"train": _CIVIC_TRAIN, "dev": _CIVIC_DEV, "heldout": _CIVIC_HELDOUT},
    "adversarial": {"train": _ADVERSARIAL_TRAIN, "dev": _ADVERSARIAL_DEV, "heldout": _ADVERSARIAL_HELDOUT},
}
