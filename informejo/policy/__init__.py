"""The law: who may do what, see what, as which audience, on which channels. Deny by default."""

from informejo.policy.channels import channels, ticket_of
from informejo.policy.look_ups import (
    NOTHING,
    Unseen,
    find_attachment,
    find_binned,
    find_comment,
    find_ticket,
    find_user,
    unseen,
)
from informejo.policy.meant import staff_meant, team_meant
from informejo.policy.party import AsItWas, is_named
from informejo.policy.past import (
    OF_SIGHT,
    as_it_was,
    changes_of_sight,
    concerned_by,
    lost_events,
    may_end_sight,
)
from informejo.policy.rules import (
    RULES,
    audience,
    hears,
    hold,
    may,
    require,
    sees,
)
from informejo.policy.sight import (
    audited_events,
    binned_tickets,
    comments_on,
    confided_people,
    confided_to,
    knows,
    named_on,
    people_events,
    sees_everything,
    visible_attachments,
    visible_comments,
    visible_events,
    visible_tickets,
    who_sees,
)
