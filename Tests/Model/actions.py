"""Everything that can happen next: a statement, an answer, what a run begins, what people do, and what goes wrong."""
import functools

import pipelines
import properties
from statements import DONE, STATEMENTS, WAIT
from world import FAILED, OPERATOR, PROCESSING, WAITING, Acting, Row, Run, Session, State, Violation, World


class Protocol:
    """The pipelines of one database, as the model walks along them."""

    def __init__(self, texts, meaning, is_one_step):
        self.steps = {name: pipelines.steps(text, meaning) for name, text in texts.items()}
        self.ends = {
            name: frozenset() if is_one_step else pipelines.ends_of_exchanges(text, meaning) for name, text in texts.items()
        }
        # On SQLite a transaction is one step: there is one writer.
        self.is_one_step = is_one_step
        self.bodies = {
            (name, place): self._body(steps, place) for name, steps in self.steps.items() for place in range(len(steps))
        }

    @staticmethod
    def _body(steps, place):
        name = steps[place][0]
        # What is done again and again may differ from what is done once.
        if name + "_one" in STATEMENTS and any(back is not None and back <= place <= end for end, (_, back) in enumerate(steps)):
            name += "_one"
        return STATEMENTS[name], name


@functools.cache
def protocol_of(database, mutant=None):
    if database == "SQLite":
        return Protocol(pipelines.SQLITE, pipelines.SQLITE_MEANS.get, True)
    return Protocol(pipelines.changed(pipelines.POSTGRESQL, mutant), pipelines.meaning, False)


def first_state(scenario):
    rows = tuple(
        None if one.get("later") or "follows" in one else Row(after=bool(one.get("after")), late=bool(one.get("late")))
        for one in scenario.tasks
    )
    count = len(rows)
    return State(
        rows, None, (0, None) if scenario.limit else None, 0,
        tuple(Session(run) for run in range(scenario.runs)) + (Session(OPERATOR),),
        (Run(),) * scenario.runs,
        (scenario.kills, scenario.cuts, scenario.leases, scenario.ticks, scenario.migrations),
        (False,) * len(scenario.by_hand), (0,) * count, (0,) * count, 0,
    )


# --- one statement


def advance(world, me):
    """Goes to the next statement that the client sends; at the end the answer is on its way."""
    protocol = protocol_of(world.scenario.database, world.scenario.mutant)
    steps = protocol.steps[me.pipeline]
    while me.place < len(steps):
        statement, name = protocol.bodies[me.pipeline, me.place]
        if statement.needed is None or statement.needed(world, me):
            if not (name == "commit" and me.place + 1 == len(steps) and not me.writes and me.limit is None):
                return
            properties.at_commit(world, me)
            world.release(me)  # nothing was changed
        step_on(steps, me)
    me.done = True


def step_on(steps, me):
    back = steps[me.place][1]
    me.place = back if back is not None and me.queue else me.place + 1


def start(world, number, pipeline, **values):
    """A client sends a pipeline's first statement."""
    me = Acting(Session(world.sessions[number].who))
    me.pipeline, me.began = pipeline, world.clock
    for name, value in values.items():
        setattr(me, name, value)
    world.acting = number
    advance(world, me)
    world.sessions[number] = Session(OPERATOR) if me.done and me.who == OPERATOR else me.frozen()


def do_statement(scenario, state, number):
    """The state behind the next step of a session; None where it waits."""
    world = World(scenario, state)
    world.acting = number
    me = Acting(state.sessions[number])
    protocol = protocol_of(scenario.database, scenario.mutant)
    if protocol.is_one_step:
        do_transaction(protocol, world, me)
        return at_end(world, me, number), ""
    statement, name = protocol.bodies[me.pipeline, me.place]
    if statement.sees is not None and me.seen is None:
        me.seen = tuple(statement.sees(world, me))
        if me.seen and name in scenario.gaps:
            world.sessions[number] = me.frozen()
            return world, "sees"
    came = statement.body(world, me)
    if came == WAIT:
        # What it has locked so far it keeps.
        world.sessions[number] = me.frozen()
        return None if world.sessions[number] == state.sessions[number] else (world, "waits")
    me.seen = me.todo = None
    if came == DONE:
        step_on(protocol.steps[me.pipeline], me)
        advance(world, me)
    else:
        world.release(me)
        again = Session(me.who, came, client=me.client, task=me.task, settles=me.settles, claims=me.claims,
                        known=me.known, dead=me.dead, began=world.clock)
        me = Acting(again)
        if came.startswith(("give_back", "recover")):
            me.settles = ()
        advance(world, me)
    return at_end(world, me, number), ""


def do_transaction(protocol, world, me):
    """All statements of a transaction, to its end."""
    while not me.done:
        statement, _ = protocol.bodies[me.pipeline, me.place]
        me.seen = tuple(statement.sees(world, me)) if statement.sees is not None else None
        statement.body(world, me)
        me.seen = me.todo = None
        step_on(protocol.steps[me.pipeline], me)
        advance(world, me)


def at_end(world, me, number):
    """Puts the session back, or what is to become of it where it is done."""
    ends = protocol_of(world.scenario.database, world.scenario.mutant).ends[me.pipeline]
    if not me.client and (me.done or me.place in ends and not me.quick):
        # The client is gone, and sends no more.
        world.sessions[number] = None
    elif me.done and me.who == OPERATOR:
        world.sessions[number] = Session(OPERATOR)
        # What people have done may make something due: runs that stay look again, and the next minute's run does.
        if me.pipeline != "touch":
            world.runs = [run._replace(content=False) for run in world.runs]
    else:
        world.sessions[number] = me.frozen()
        if me.done and not any(world.budget[:3]):
            # Where nothing can come between, the answer comes with the commit.
            answer(world, number)
    return world


def with_first_statement(scenario, world, number, words):
    """A client's request with its first statement: nobody sees the moment between them, but where clocks are read."""
    state = world.frozen()
    if scenario.limit or not state.sessions[number].pipeline or state.sessions[number].done:
        return [(words, state)]
    session = state.sessions[number]
    name = statement_of(scenario, session)
    try:
        done = do_statement(scenario, state, number)
    except Violation as violation:
        raise Violation(f"{violation}", f"{words}; {name}") from None
    if done is None:
        return [(words, state)]
    return [(f"{words}; {name}" + (f" {done[1]}" if done[1] else ""), done[0].frozen())]


# --- what a run learns and begins


def answer(world, number):
    """The answer of the session's transaction comes to its run."""
    session, run = world.sessions[number], world.runs[number]
    world.sessions[number] = Session(number)
    if session.pipeline in ("settle", "settle_giving_way", "claim_within"):
        hand = [one for one in run.hand if not one[3]]
        for task, claim in session.taken:
            lives = is_live(world, task, claim)
            if lives:
                properties.at_begin(world, number, task)
            hand.append((task, claim, lives, ""))
            world.begun[task] += 1
        content = bool(session.claims) and not session.taken and not (session.passed or session.expired)
        run = run._replace(
            hand=tuple(sorted(hand)), follows=run.follows or session.follower_passed and looks_again(world),
            content=(content or session.passed and not looks_again(world)) and world.scenario.attentive,
        )
    elif session.pipeline == "renew":
        lost = {task for task, what in session.results if what == "lost"}
        # The handlers of those that were taken over are cancelled.
        hand = tuple((t, c, is_live(world, t, c), v) for t, c, _, v in run.hand if t not in lost or v)
        run = run._replace(hand=hand, renews=run.renews + 1)
    elif session.pipeline.startswith("give_back"):
        # It is asked again while a transaction of an earlier session of this run is open, or a row was locked.
        run = run._replace(uncertain=session.passed or is_behind(world, number))
    elif session.pipeline == "end_batches":
        run = run._replace(looks=min(run.looks + 1, world.scenario.looks), follows=session.follower_passed)
    world.runs[number] = run


def looks_again(world):
    return "what is passed over is looked at by nobody" not in world.scenario.mutants


def is_behind(world, number):
    """Whether a transaction of an earlier session of this run is still open."""
    if "claims are given back once, before the settle" in world.scenario.mutants:
        return False
    return any(one is not None and one.who == number for one in world.sessions[world.scenario.runs + 1:])


def is_live(world, task, claim):
    row = world.rows[task]
    return row is not None and row.claim == claim and row.live


def verdicts(scenario, row):
    for verdict in scenario.verdicts:
        if verdict == "retry" and row is not None and row.attempts >= scenario.max_attempts:
            verdict = "fail"
        if verdict == "release" and row is not None and row.claim >= scenario.max_claims:
            continue
        yield verdict


def ends(scenario, state, run):
    """All ways in which some of a run's handlers may have ended; what has ended before is settled again."""
    ways = [()]
    for task, claim, _, ended in run.hand:
        again = [((task, claim, ended),)]
        new = [()] + [
            ((task, claim, verdict),) for verdict in dict.fromkeys(verdicts(scenario, state.rows[task]))
            if verdict != "add" or any(one.get("follows") == task for one in scenario.tasks)
        ]
        ways = [way + more for way in ways for more in (again if ended else new)]
    return [way for way in ways if len(way) in (0, len(run.hand))] if scenario.whole else ways


def is_worth_a_claim(scenario, state):
    return any(
        row and row.status == WAITING and not row.after and row.claim < scenario.max_claims for row in state.rows
    )


def begins_of_run(scenario, state, number):
    """What a run may ask of the database now: (words, pipeline, values)."""
    run = state.runs[number]
    proofs = tuple((task, claim) for task, claim, _, _ in run.hand)
    if run.uncertain:
        # What has ended is settled first: behind a transaction of an earlier session that does the same.
        again = tuple((task, claim, ended) for task, claim, _, ended in run.hand if ended)
        if again and "claims are given back once, before the settle" not in scenario.mutants:
            yield "settle again", "settle", {"settles": again}
        else:
            yield "give back", "give_back", {"known": proofs}
        return
    for settles in ends(scenario, state, run):
        free = scenario.slots - len(run.hand) + len(settles)
        claims = free if free > 0 and is_worth_a_claim(scenario, state) else 0
        words = ", ".join(f"{task + 1} {verdict}" for task, _, verdict in settles)
        if settles and (scenario.limit or not claims):
            yield f"settle {words}", "settle", {"settles": settles}
        elif settles:
            yield f"settle {words}, claim", "settle", {"settles": settles, "claims": claims}
            if scenario.quick and not any(scenario.is_member(task) for task, _, _ in settles):
                yield f"settle {words}, claim from the lane", "settle", {
                    "settles": settles, "claims": claims, "quick": True}
        if not settles and claims:
            yield "claim", "claim_within" if scenario.limit else "settle", {"claims": claims}
            if scenario.quick:
                yield "claim from the lane", "settle", {"claims": claims, "quick": True}
    if any(row and row.status == PROCESSING and (not row.live or not state.runs[row.owner].alive) for row in state.rows):
        dead = tuple(other for other, one in enumerate(state.runs) if not one.alive)
        yield "recover", "recover", {"dead": dead}
    if run.hand and run.renews < scenario.renews:
        yield "renew", "renew", {"known": proofs}
    if run.looks < scenario.looks or run.follows:
        yield "look at batches", "end_batches", {}


# --- everything


def successors(scenario, state):
    """(words, state) for all that can happen next; raises `Violation` with the words that led to it."""
    found = []
    count = scenario.runs
    active = waiting = 0
    for number, session in enumerate(state.sessions):
        if not session.pipeline or session.done:
            continue
        active += 1
        who = name_of(scenario, number)
        statement = statement_of(scenario, session)
        try:
            done = do_statement(scenario, state, number)
        except Violation as violation:
            raise Violation(f"{violation}", f"{who}: {statement}") from None
        if done is None:
            waiting += 1
            continue
        found.append((f"{who}: {statement}" + (f" {done[1]}" if done[1] else ""), done[0].frozen()))
        if number > count:
            world = World(scenario, state)
            world.sessions[number] = None
            found.append((f"{who}: rolled back", world.frozen()))
    if active and active == waiting:
        raise Violation("deadlock: each transaction waits for another one", "all wait")
    for number in range(count):
        found += of_run(scenario, state, number)
    found += of_people(scenario, state)
    found += of_time(scenario, state)
    found += of_migration(scenario, state)
    return found


def statement_of(scenario, session):
    protocol = protocol_of(scenario.database, scenario.mutant)
    return "transaction" if protocol.is_one_step else protocol.bodies[session.pipeline, session.place][1]


def name_of(scenario, number):
    if number < scenario.runs:
        return f"run {number + 1}"
    return "by hand" if number == scenario.runs else "without client"


def of_run(scenario, state, number):
    run, session = state.runs[number], state.sessions[number]
    if not run.alive:
        return
    who = name_of(scenario, number)
    if session.done:
        world = World(scenario, state)
        try:
            answer(world, number)
        except Violation as violation:
            raise Violation(f"{violation}", f"{who}: answer") from None
        yield f"{who}: answer", world.frozen()
    elif not session.pipeline:
        # Runs are alike: the second begins behind the first.
        if number and not state.runs[number - 1].begun:
            return
        for words, pipeline, values in begins_of_run(scenario, state, number):
            world = World(scenario, state)
            ended = {task: verdict for task, _, verdict in values.get("settles", ())}
            hand = tuple((task, claim, lives, ended.get(task, v)) for task, claim, lives, v in run.hand)
            world.runs[number] = run._replace(begun=True, hand=hand)
            start(world, number, pipeline, **values)
            yield from with_first_statement(scenario, world, number, f"{who}: {words}")
    elif state.budget[1]:
        for how in ways_to_leave(scenario, session):
            world = World(scenario, state)
            world.budget[1] -= 1
            leave(world, number, how)
            world.runs[number] = run._replace(uncertain=True)
            yield f"{who}: connection cut, {how}", world.frozen()
    if session.done and state.budget[1]:
        world = World(scenario, state)
        world.budget[1] -= 1
        world.sessions[number] = Session(number)
        world.runs[number] = run._replace(uncertain=True)
        yield f"{who}: answer lost", world.frozen()
    if state.budget[0] and (run.hand or session.pipeline):
        for how in ways_to_leave(scenario, session):
            world = World(scenario, state)
            world.budget[0] -= 1
            leave(world, number, how)
            world.runs[number] = Run(alive=False, begun=True)
            yield f"{who}: kill -9" + (f", {how}" if how else ""), world.frozen()


def ways_to_leave(scenario, session):
    """What the server has of a client that goes away: it does what was sent, and nobody waits for it."""
    if not session.pipeline or session.done:
        return [""]
    protocol = protocol_of(scenario.database, scenario.mutant)
    if protocol.is_one_step:
        return ["the transaction is rolled back"]
    is_between = session.place in protocol.ends[session.pipeline] and session.seen is None and session.todo is None
    return ["the next exchange is sent", "the transaction is rolled back"] if is_between else ["what was sent is done"]


def leave(world, number, how):
    if how and how != "the transaction is rolled back":
        world.sessions.append(world.sessions[number]._replace(client=False))
    world.sessions[number] = Session(number)


def of_people(scenario, state):
    number = scenario.runs
    session = state.sessions[number]
    if session.pipeline:
        return
    for place, (what, task) in enumerate(scenario.by_hand):
        if state.asked[place]:
            continue
        world = World(scenario, state)
        world.asked[place] = True
        touched = 1 << scenario.key(task) if what == "delete" and scenario.key(task) is not None else 0
        start(world, number, what, task=task, touched=touched)
        yield from with_first_statement(scenario, world, number, f"by hand: {what} {task + 1}")


def of_time(scenario, state):
    """Leases end, moments pass."""
    if state.budget[2]:
        for task, row in enumerate(state.rows):
            if row and row.status == PROCESSING and row.live:
                world = World(scenario, state)
                world.budget[2] -= 1
                world.rows[task] = row._replace(live=False)
                for number, run in enumerate(world.runs):
                    world.runs[number] = run._replace(hand=tuple(
                        (t, c, lives and (t, c) != (task, row.claim), v) for t, c, lives, v in run.hand
                    ))
                yield f"the lease of {task + 1} is over", world.frozen()
    if state.budget[3]:
        world = World(scenario, state)
        world.budget[3] -= 1
        world.clock += 1
        for task, one in enumerate(scenario.tasks):
            if one.get("expires") and world.rows[task] and not world.rows[task].late:
                world.rows[task] = world.rows[task]._replace(late=True)
        for number, session in enumerate(world.sessions):
            world.sessions[number] = session._replace(writes=tuple(
                (task, row._replace(late=True) if row and scenario.tasks[task].get("expires") else row)
                for task, row in session.writes
            ))
        yield "the clock moves on", world.frozen()


def of_migration(scenario, state):
    """The tables become newer than the runs; `migrate` locks them, so no statement is at work on them and no row is locked."""
    if state.budget[4] and all(not one.locks and not one.writes and one.seen is None for one in state.sessions):
        world = World(scenario, state)
        world.budget[4] -= 1
        world.newer = True
        yield "migrate: newer tables", world.frozen()


def is_at_rest(state):
    return all(not session.pipeline for session in state.sessions) and all(
        not run.hand and not run.uncertain and not run.follows for run in state.runs if run.alive
    )
