INSERT INTO tasks (id, task_name, created_at, data, status) VALUES
    (1, 'CONTACT_EMAIL', '2012-01-01 00:00:00', '{"email":"john@doe.com"}', 'PROCESSING'),
    (2, 'INVITATION_EMAIL', '2012-01-01 00:00:01', '{"email":"john@doe.com"}', 'PROCESSING'),
    (3, 'CONTACT_EMAIL', '2012-01-01 00:00:01', '{"email":"john@doe.com"}', 'WAITING'),
    (4, 'ACCOUNT_DELETE', '2012-01-01 00:00:02', '{"id": 34532, "with_opts ": true}', 'WAITING'),
    (5, 'INVITATION_EMAIL', '2012-01-01 00:00:03', '{"email":"john@doe.com"}', 'WAITING'),
    (6, 'IMAGE_RESIZE', '2012-01-01 00:00:04', '{"id": 322, "thumbs": true}', 'WAITING');
