"""What pictures are about: topic packs of infographic copy, from which `packs.py` makes a scene's content.

Ten packs are seen in training, four are hidden from it and share no title, name or sentence with the ten. Copy is kept
as running text: names, labels, values and sizes stand between commas, sentences end at their full stop. Sizes of a pack
are whole numbers of one unit, so that they can be added up.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_TITLE, LONGEST_KICKER, LONGEST_NAME, LONGEST_LABEL = 40, 20, 22, 14
LONGEST_SENTENCE = 72  # a sentence fits a line


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    title: str
    kicker: str
    names: tuple[str, ...]
    sentences: tuple[str, ...]
    labels: tuple[str, ...]
    values: tuple[str, ...]
    sizes: tuple[str, ...]
    hidden: bool


def _pack(
    title: str, kicker: str, *, names: str, sentences: str, labels: str, values: str, sizes: str, hidden: bool = False
) -> Pack:
    spoken = tuple(re.split(r"(?<=\.) ", " ".join(sentences.split())))
    return Pack(title, kicker, _listed(names), spoken, _listed(labels), _listed(values), _listed(sizes), hidden)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(text.split()).split(", "))


PACKS: Mapping[str, Pack] = {
    "paged_attention": _pack(
        "Paged attention, block by block",
        "Model serving",
        names="""Block table, Free list, Key cache, Value cache, Prefill pass, Decode step, Page allocator,
            Shared prefix, Copy on write, Eviction queue, Batch scheduler, Swap space, Token budget, Request queue,
            Block size, Reference count, Attention kernel, Prompt tokens, Beam search, Memory pool, Warm start,
            Draft model, Stop rule, Output stream""",
        sentences="""Each sequence keeps a table of the blocks it owns. Blocks are handed out only when a token needs
            one. Two requests with one prompt share the same pages. A shared page is copied the moment someone writes
            to it. Fragmentation falls below four per cent of the pool. Freed blocks return to the list within the same
            step. Long prompts are prefilled in slices to keep decoding smooth. The scheduler admits a request when its
            pages fit. Swapped pages come back before the next decode step. A smaller block wastes less memory and
            costs more lookups. The kernel reads keys through one level of indirection. Twice as many requests fit when
            nothing is reserved.""",
        labels="allocate, share, copy, evict, hit, miss, prefill, decode, swap out, resume",
        values="42 ms, 3.8%, 24 GB, 96.2%, 1.9x, 128 seq, 16 tok, 0.7 ms, 2048 blocks, 11 req/s",
        sizes="0x1000, 0x2000, 0x4000, 0x0800, 0x6000, 0xC000",
    ),
    "container_builds": _pack(
        "What happens inside an image build",
        "Build systems",
        names="""Base image, Layer cache, Build context, Ignore file, Multi-stage build, Package install, Source copy,
            Test stage, Image digest, Registry push, Manifest list, Cache mount, Build secret, Root user, Health probe,
            Entry command, Image scan, Signed release, Tag policy, Slim runtime, Build graph, Remote builder,
            Unused layer, Bill of materials""",
        sentences="""Every instruction that changes a file makes a new layer. A layer is reused as long as nothing
            before it has changed. Copy the lock file first and the sources last. Secrets mounted at build time never
            reach the final image. The test stage runs beside the packaging stage. An ignore file keeps the build
            context small. A digest names the bytes, a tag only names an intention. Scanning before the push keeps
            known holes out of production. A slim runtime ships the program without its compilers. Remote builders
            share one cache across the whole team. Signed images are refused if a single byte differs. Old layers are
            swept every Sunday night.""",
        labels="cached, rebuilt, skipped, copied, pushed, pulled, signed, scanned, on change, on success",
        values="38 s, 74 MB, 91% hits, 12 layers, 3.2x, 0 critical, 6 min, 480 ms, 2 stages, 1.1 GB",
        sizes="12 MB, 28 MB, 74 MB, 110 MB, 6 MB, 220 MB, 45 MB",
    ),
    "river_flood": _pack(
        "When the river rises",
        "Flood warning",
        names="""Rain gauge, River gauge, Upper catchment, Soil moisture, Snow melt, Flood plain, Levee crest,
            Weir gate, Pump station, Warning siren, Duty forecaster, Evacuation route, Shelter hall, Sandbag depot,
            Storm drain, Peak level, Lead time, Return period, Tidal lock, Drone survey, Road closure, Volunteer crew,
            All clear, Damage report""",
        sentences="""Gauges upstream report every five minutes during a storm. Wet ground sends twice as much rain into
            the river. The forecast is redrawn after each radar sweep. An amber warning goes out at three metres and
            rising. Sirens sound when the levee has one hour left. Low roads close before the water reaches them. Pumps
            start by themselves once the weir gates shut. Families with small children are called first. A high tide
            can hold the flood in town for six hours. Shelters open with blankets, hot soup and phone chargers. The
            crest usually passes the bridge at night. Nobody returns until the mains have been checked.""",
        labels="rising, falling, steady, on watch, warning, evacuate, upstream, downstream, overtopped, receding",
        values="3.4 m, 18 mm/h, 6 h, 240 t/s, 1 in 50, 92%, 410 homes, 12 km, 5 min, 0.6 m/h",
        sizes="40 ha, 120 ha, 65 ha, 210 ha, 15 ha, 90 ha",
    ),
    "coffee_roasting": _pack(
        "From green bean to first crack",
        "Coffee roasting",
        names="""Green bean, Charge weight, Drum speed, Drying phase, Maillard phase, First crack, Second crack,
            Development time, Cooling tray, Chaff collector, Gas burner, Airflow damper, Bean probe, Rate of rise,
            Turning point, Drop temperature, Cupping table, Roast profile, Moisture meter, Degassing valve,
            Blend recipe, Light roast, Dark roast, Sample roaster""",
        sentences="""Green beans lose about a seventh of their weight in the drum. The turning point comes some ninety
            seconds after the charge. Sugars begin to brown near 150 degrees. First crack sounds like popcorn behind a
            closed door. A falling rate of rise keeps the cup sweet. Too much airflow bakes the outside and leaves the
            core raw. Light roasts keep the fruit, dark roasts keep the body. Cool the batch within four minutes to
            stop the roast. Every profile is logged against the bean that made it. Fresh coffee rests two days before
            it is bagged. Cupping happens blind, at the same table, every Tuesday. A valve lets the gas out and keeps
            the air away.""",
        labels="charge, drying, browning, crack, drop, cool, rest, cup, too fast, too slow",
        values="196 °C, 14.2%, 9 min, 100 s, 86 points, 12 kg, 8 °C/min, 55 rpm, 48 h, 3.1 bar",
        sizes="12 kg, 30 kg, 60 kg, 15 kg, 5 kg, 24 kg",
    ),
    "hospital_triage": _pack(
        "Who is seen first, and why",
        "Emergency care",
        names="""Front desk, Triage nurse, Pain score, Vital signs, Resus bay, Minor injuries, Fast track, Waiting room,
            Blood panel, X-ray suite, Bed manager, Sepsis screen, Chest pain, Head injury, Child arrival, Repeat check,
            Consultant review, Ward transfer, Discharge letter, Night shift, Ambulance handover, Stroke call,
            Isolation room, Quiet corner""",
        sentences="""Every arrival is seen by a nurse within fifteen minutes. Colour decides the order, not the time of
            arrival. Chest pain goes straight to a heart tracing. Vital signs are taken again every half hour of
            waiting. A child who is quiet may be sicker than one who cries. Sepsis is treated first and confirmed
            afterwards. Minor injuries follow their own short path. The bed manager sees free beds on every ward.
            Handover from the ambulance takes one spoken minute. A stroke call brings the scanner team at once. Waiting
            times are shown on the wall and kept honest. Nobody leaves without a letter in plain words.""",
        labels="red, orange, yellow, green, urgent, can wait, admit, discharge, recheck, refer",
        values="15 min, 4 h, 92%, 38.6 °C, 112 bpm, 7 of 10, 23 beds, 61 arrivals, 1 in 9, 96% SpO2",
        sizes="6 beds, 12 beds, 4 beds, 18 beds, 24 beds, 2 beds",
    ),
    "solar_microgrid": _pack(
        "A village that runs on sunlight",
        "Solar microgrid",
        names="""Solar array, Battery bank, Inverter stack, Diesel backup, Smart meter, Charge controller,
            Load shedding, Evening peak, Clinic feeder, School feeder, Water pump, Grain mill, Street lights,
            Cold store, Prepaid tariff, O&M crew, Weather feed, Depth of discharge, Ground fault, Cable run,
            Spare parts, Village board, Dry season, Surplus power""",
        sentences="""Some panels face west because people cook in the evening. The battery carries the village from dusk
            to breakfast. The clinic is the last feeder to be switched off. Water is pumped at noon, when power is
            cheapest. A cloudy week is planned for, not hoped against. Meters are topped up by phone for a day or a
            month. Diesel runs on fewer than ten nights a year. Dust on the glass costs five per cent a month. Deep
            discharge once a week halves the battery's life. Two trained neighbours can replace any module. The mill
            runs on power that would otherwise be lost. Every household sees the price before it switches on.""",
        labels="charging, discharging, surplus, shortfall, feed, shed load, daytime, night, priority, backup",
        values="48 kWp, 96 kWh, 82%, 230 V, 7 nights, 0.21 EUR, 140 homes, 5.4 h, 12 kW, 99.1%",
        sizes="4 kWh, 12 kWh, 24 kWh, 48 kWh, 8 kWh, 96 kWh",
    ),
    "vaccine_cold_chain": _pack(
        "Two to eight degrees, all the way",
        "Cold chain",
        names="""Factory store, Air freight, Customs hold, National depot, Regional store, District fridge, Health post,
            Vaccine carrier, Ice pack, Data logger, Vial monitor, Shake test, Freeze alarm, Stock card, Batch number,
            Expiry date, Open vial, Solar fridge, Dry ice, Outreach day, Return trip, Waste box, Delivery van,
            Cold room""",
        sentences="""A vial that has frozen once is thrown away. The logger writes down the temperature every ten
            minutes. Ice packs are conditioned until they rattle. First to expire is first to leave the shelf. A colour
            spot on the vial shows how much heat it has seen. Fridges are opened twice a day and no more. The van waits
            for the paperwork, never the other way round. Outreach teams carry enough ice for thirty-six hours. An
            alarm at night rings two phones, not one. Open vials are finished or discarded within six hours. Every box
            is counted on arrival by two people. Solar fridges keep working when the grid does not.""",
        labels="ship, store, count, inspect, discard, in range, too warm, frozen, expired, restock",
        values="2-8 °C, 36 h, 98.2%, 0.4% loss, 10 doses, -20 °C, 5 days, 1440 vials, 6 h, 3 alarms",
        sizes="10 L, 25 L, 60 L, 120 L, 5 L, 40 L",
    ),
    "bird_migration": _pack(
        "Ten thousand kilometres on the wing",
        "Bird migration",
        names="""Breeding ground, Stopover marsh, Winter range, Tail wind, Night flight, Star compass, Magnetic sense,
            Fat reserve, Juvenile flock, Ring number, Radio tag, Sea crossing, Desert edge, Mountain pass, Moult season,
            Feeding flats, Spring arrival, Autumn departure, Storm fallout, Light pollution, Wind farm, Flyway map,
            Nest site, Bird observatory""",
        sentences="""Warblers double their weight before they cross the sea. Young cuckoos find Africa without ever
            being shown. Most songbirds travel at night and feed by day. Godwits fly eight days without landing once. A
            drained marsh can break a chain of a thousand years. Storks wait for warm air and avoid open water. City
            lights pull tired flocks off their course. Head winds push arrivals back by more than a week. A ring weighs
            less than a paper clip. Geese follow the green edge of spring northwards. Moulting birds stay where food
            and cover are certain. A tower that goes dark for two nights spares hundreds.""",
        labels="departs, rests, refuels, crosses, arrives, nests, northward, southward, at risk, recovered",
        values="11500 km, 8 days, 62 km/h, 290 g, 4200 m, 1 in 3, 55% fat, 17 May, 240 rings, 0.2 g",
        sizes="120 km, 480 km, 900 km, 1500 km, 60 km, 2200 km",
    ),
    "print_shop": _pack(
        "How a poster leaves the press",
        "Print shop",
        names="""Artwork file, Preflight check, Colour profile, Plate setter, Ink fountain, Paper stock, Feeder table,
            Offset blanket, Register mark, Drying rack, Guillotine cut, Folding line, Saddle stitch, Proof sheet,
            Press sheet, Spot colour, Bleed margin, Make-ready, Waste bin, Job ticket, Loading dock, Quality check,
            Varnish coat, Customer approval""",
        sentences="""Fonts are embedded before the file reaches the plate. Three millimetres of bleed save a white edge
            later. The first fifty sheets are spent on getting colour right. Each colour has its own plate and its own
            fountain. Register marks line up or the run stops. Uncoated stock drinks ink and dries overnight. A proof
            signed by the customer settles every argument. The guillotine cuts five hundred sheets at a stroke. Varnish
            protects the print and slows the schedule. Trimmings are baled and sold back to the mill. Grain direction
            decides how cleanly a sheet folds. Short runs go to the digital press next door.""",
        labels="approved, rejected, reprint, to press, trim, fold, stitch, deliver, cyan, magenta",
        values="2400 dpi, 300 gsm, 12k sheets, 45 min, 3 mm, 4 colours, 1.6% waste, 7 h, delta E 2, 98.5%",
        sizes="250 mm, 420 mm, 594 mm, 841 mm, 148 mm, 210 mm",
    ),
    "recycling": _pack(
        "Where the blue bin goes",
        "City recycling",
        names="""Kerbside bin, Collection truck, Weighbridge, Tipping floor, Bag opener, Drum screen, Paper line,
            Glass breaker, Steel magnet, Eddy current, Optical sorter, Film catcher, Hand picking, Reject stream,
            Baling press, Bale yard, Compost hall, Transfer station, Landfill cell, Deposit scheme, Repair cafe,
            Bin audit, Mill buyer, School visit""",
        sentences="""A greasy pizza box spoils the paper around it. Magnets lift the steel before anyone touches the
            belt. Aluminium jumps off the belt in a moving field. Cameras tell one clear plastic from another in
            milliseconds. People still pick out what no machine can name. Glass is broken early so that it falls
            through the screen. Loose bags wind around the shafts and stop the plant. Bales are sold by weight and
            judged by purity. Food scraps become compost within twelve weeks. Rejects cost the city twice: to sort and
            to bury. A deposit brings back bottles that a bin never sees. Rinsed tins do not draw rats to the yard.""",
        labels="paper, glass, metal, plastic, organic, reject, sorted, baled, sold, buried",
        values="3.1 t, 64%, 8% reject, 120 EUR/t, 26 trucks, 12 weeks, 5 m/s, 97.4%, 18 bales, 410 kg",
        sizes="2 t, 5 t, 9 t, 14 t, 1 t, 20 t",
    ),
    "incident_response": _pack(
        "The first hour of an outage",
        "Incident response",
        names="""Pager alert, On-call engineer, Incident lead, Status page, War room, Error budget, Rollback plan,
            Feature flag, Traffic shift, Log search, Trace view, Deploy freeze, Customer notice, Scribe notes,
            Severity level, Canary pool, Failover region, Root cause, Follow-up task, Blameless review, Runbook step,
            Load balancer, Database replica, Rate limit""",
        sentences="""One person leads and everybody else reports to them. Roll back first and understand later. The
            status page is updated every twenty minutes. A quiet channel is kept for decisions alone. Page a second
            engineer before the first is tired. Every change in the last hour is a suspect. Shift traffic away before
            restarting anything. A flag turns the feature off without a deploy. Write times down as they happen, not
            from memory. An alert without an action is deleted. The review asks what happened, never who. Actions
            without an owner do not get done.""",
        labels="detect, page, triage, mitigate, roll back, resolve, escalate, healthy, degraded, down",
        values="4 min, 23 min, 99.95%, 2.1% errors, sev 2, 1200 rps, 3 regions, p99 840 ms, 0 rows lost, 7 actions",
        sizes="512 MB, 256 MB, 1024 MB, 64 MB, 2048 MB, 128 MB",
        hidden=True,
    ),
    "compiler": _pack(
        "From source text to machine code",
        "Inside a compiler",
        names="""Lexer, Parser, Syntax tree, Symbol table, Type checker, Constant folding, Dead code, Loop unroller,
            Inliner, Basic block, Control graph, Register map, Spill slot, Instruction picker, Peephole pass,
            Object file, Static linker, Debug info, Alias analysis, Stack frame, Jump table, Vector lane, Error message,
            Test corpus""",
        sentences="""The lexer turns characters into words and forgets spaces. A good error message points at the first
            wrong character. Each variable is assigned exactly once in the middle form. Inlining a small function opens
            the door to other passes. Code that can never run is removed without a trace. Values that do not fit in
            registers spill to the stack. Loops are unrolled only while they still fit the cache. The linker joins
            addresses that no file knows alone. Two pointers that may alias block half of all rewrites. Debug
            information maps every instruction to its line. A pass must keep the meaning or it is a bug. Fuzzers write
            more strange programs than people do.""",
        labels="lower, fold, inline, spill, emit, link, typed, untyped, hot path, cold path",
        values="1.8x, 42 passes, 310 ms, -12% size, 16 registers, level 2, 96k lines, 0.3% slower, 5 stages, 64 bit",
        sizes="0x0400, 0x4000, 0x1C00, 0x0800, 0x2400, 0x8000",
        hidden=True,
    ),
    "harbour": _pack(
        "Bringing a ship into harbour",
        "Port pilotage",
        names="""Pilot boat, Boarding ladder, Harbour master, Tug line, Approach channel, Tide gauge, Leading lights,
            Berth plan, Mooring gang, Bow thruster, Keel clearance, Radar picture, Swing basin, Gantry crane,
            Container stack, P&I cover, Customs gate, Rail siding, Anchorage, Traffic centre, Fog signal, Ballast water,
            Shore power, Quay wall""",
        sentences="""The pilot climbs aboard two miles outside the breakwater. Deep ships enter on the last two hours of
            the flood. Tugs take the strain before the engines stop. The swing basin leaves forty metres at each end.
            Fog halves the speed and doubles the lookout. Mooring lines go ashore bow first in a west wind. Cranes
            start only when the gangway is down. Shore power lets the engines fall silent. Every berth is planned three
            days ahead and changed twice. Ballast is pumped while the boxes come off. The leading lights line up when
            the course is right. Traffic control speaks one language on one channel.""",
        labels="inbound, outbound, at anchor, alongside, delayed, tug assist, high water, low water, load, unload",
        values="14.6 m, 366 m, 2 tugs, 6 knots, 28 moves/h, 3 days, 11 m/s, 92% full, 40 min, 0.8 m spare",
        sizes="90 m, 180 m, 240 m, 366 m, 45 m, 300 m",
        hidden=True,
    ),
    "sourdough": _pack(
        "A loaf that takes two days",
        "Sourdough baking",
        names="""Rye starter, Bread flour, Water jug, Salt crock, Mixing bowl, Autolyse rest, Stretch and fold,
            Bulk rise, Bench scraper, Pre-shape, Final shape, Proving basket, Fridge retard, Scoring blade, Steam tray,
            Baking stone, Oven spring, Crumb structure, Crust colour, Wire rack, Poke test, Spent starter, Wild yeast,
            Morning bake""",
        sentences="""The starter is ready when a spoonful floats. Flour and water rest together before the salt goes in.
            Four gentle folds build what kneading would tear. A cool kitchen adds two hours to the rise. Dough is
            shaped when it has grown by half. A night in the fridge deepens the flavour. Score at a shallow angle for a
            proud ear. Steam keeps the crust soft while the loaf expands. The loaf is done when its base sounds hollow.
            Cutting it warm leaves the crumb gummy. Spent starter makes excellent pancakes. Wetter dough gives larger
            holes and a thinner crust.""",
        labels="feed, mix, fold, rise, shape, chill, score, bake, underproved, overproved",
        values="78%, 24 °C, 250 °C, 18 h, 900 g, 4 folds, 96 °C core, 20% rye, 45 min, 2.2% salt",
        sizes="500 g, 350 g, 100 g, 10 g, 25 g, 900 g",
        hidden=True,
    ),
}
