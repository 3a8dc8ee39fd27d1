-- Makes the deliveries of exports $1 due again, because their messages were not sent.
update sluice.delivery set state = 'due', sent_at = null where export_id = any ($1) and state = 'sent'
