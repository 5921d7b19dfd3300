-- SPDX-License-Identifier: GPL-3.0-or-later
-- Written by test_versions.py --write
-- operator 883034cf7eb7f9131f720b5f87e9b7315442b13631f113965cec321f10cf2e74
-- edge 15d99a5b0449a90d66127c4b084edf369d49592f8ce2096ca6d42959e51bbc92
-- agent 82ef750e16586cf665335193fbdb90f6e02789c80ee5e541a2c91384a450e12b
-- image 81217c2103928457d35aa417d94b556c
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.forget_body() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN DELETE FROM inventory_bodies WHERE hash = OLD.hash AND NOT EXISTS (SELECT 1 FROM inventory_history WHERE hash = OLD.hash) AND NOT EXISTS (SELECT 1 FROM inventory_baselines WHERE hash = OLD.hash); RETURN NULL; END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.boots (
    number text NOT NULL COLLATE pg_catalog."C",
    mac text,
    address text,
    made_ms bigint,
    public_key text,
    is_void bigint
);
CREATE TABLE public.claims (
    id bigint NOT NULL,
    boot text,
    mac text,
    address text,
    uuid text,
    public_key text,
    token_hash text,
    node text,
    made_ms bigint,
    last_seq bigint
);
CREATE TABLE public.cloudie (
    version bigint,
    site text,
    address text
);
CREATE TABLE public.documents (
    kind text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    version bigint,
    at_ms bigint,
    body text
);
CREATE TABLE public.edges (
    id bigint NOT NULL,
    name text,
    credential_hash text,
    joined_ms bigint,
    last_seq bigint
);
CREATE TABLE public.events (
    id bigint NOT NULL,
    at_ms bigint,
    mac text COLLATE pg_catalog."C",
    boot text COLLATE pg_catalog."C",
    step text,
    body text
);
CREATE TABLE public.history (
    rowid bigint NOT NULL,
    kind text COLLATE pg_catalog."C",
    name text COLLATE pg_catalog."C",
    version bigint,
    at_ms bigint,
    body text
);
CREATE SEQUENCE public.history_rowid_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.history_rowid_seq OWNED BY public.history.rowid;
CREATE TABLE public.inventories (
    node text NOT NULL COLLATE pg_catalog."C",
    at_ms bigint,
    body text
);
CREATE TABLE public.inventory_baselines (
    node text NOT NULL COLLATE pg_catalog."C",
    hash text COLLATE pg_catalog."C"
);
CREATE TABLE public.inventory_bodies (
    hash text NOT NULL COLLATE pg_catalog."C",
    body text,
    facts text
);
CREATE TABLE public.inventory_history (
    id bigint NOT NULL,
    node text COLLATE pg_catalog."C",
    hash text COLLATE pg_catalog."C",
    first_ms bigint,
    last_ms bigint,
    times bigint,
    changes bigint,
    size bigint
);
CREATE SEQUENCE public.inventory_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.inventory_history_id_seq OWNED BY public.inventory_history.id;
CREATE TABLE public.tokens (
    hash text NOT NULL COLLATE pg_catalog."C",
    "user" text,
    role text,
    permissions text,
    made_ms bigint,
    expires_ms bigint
);
ALTER TABLE ONLY public.history ALTER COLUMN rowid SET DEFAULT nextval('public.history_rowid_seq'::regclass);
ALTER TABLE ONLY public.inventory_history ALTER COLUMN id SET DEFAULT nextval('public.inventory_history_id_seq'::regclass);
INSERT INTO public.boots VALUES ('dd47bdec510227ce', '52:54:00:77:00:01', '10.77.0.100', 1795310008823, 'TCcVx/LtsEQGk907sLVf1VtyC4OUzTp8n4pwaHBgdR8=', 0);
INSERT INTO public.boots VALUES ('83843887eb7a7280', '52:54:00:77:00:09', '10.77.0.100', 1795310008986, 'cYG16OlyxINe9FlXLV8kcHT5Dux4yQ2SxpkOiIQ5um4=', 0);
INSERT INTO public.claims VALUES (2, '83843887eb7a7280', '52:54:00:77:00:09', '10.77.0.100', '00000000-0000-0000-0000-000000000000', 'cYG16OlyxINe9FlXLV8kcHT5Dux4yQ2SxpkOiIQ5um4=', 'c9763a908db58c95981c437e88032862e301c933c39b16bf3d3dd76c944d38af', 'sn9', 1795310008997, 0);
INSERT INTO public.cloudie VALUES (1, '', '');
INSERT INTO public.documents VALUES ('profile', 'worker', 1, 1795310008814, '{"kind":"profile","name":"worker","version":1,"labels":{"of":"tests"},"spec":{"steps":[{"wipe":"quick"},{"image":"worker"},{"grow":"root"},{"seed":{"hostname":"w-{name}"}}]}}');
INSERT INTO public.documents VALUES ('traits', 'sn1', 1, 1795310008846, '{"arch":["x86_64"],"cpu.level":["x86-64-v2"],"disk.type":["nvme"],"disk.size":["67108864"],"disk.model":["QEMU"],"disk.serial":["NVME-0001"]}');
INSERT INTO public.documents VALUES ('key', 'ops', 1, 1795310008863, '{"kind":"key","name":"ops","version":1,"labels":{},"spec":{"public_key":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ops"}}');
INSERT INTO public.documents VALUES ('phone-home', 'sn1', 2, 1795310008964, '{"hash":"9fde3afa4434f111b8b68c35e78309918a5f8a015df9b24ea999e40a9a0ffb9f","used":true,"generation":3}');
INSERT INTO public.documents VALUES ('node', 'sn1', 13, 1795310008964, '{"kind":"node","name":"sn1","version":13,"labels":{},"spec":{},"status":{"phase":"deployed","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008964,"generation":4,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","accepted_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[],"operation":{"number":1,"kind":"install","state":"succeeded","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"phone-home","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008934,"ended_ms":1795310008964,"by":"admin"},"steps":{"agent":6,"plan":8,"check":12,"image":8,"wipe":8,"write":4,"seed":5,"table":7,"reboot":3,"phone-home":30},"install":{"wipe":true,"grow":true,"is_touched":true,"hostname":"w-sn1","image_size":1048576},"installed":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864}}}');
INSERT INTO public.documents VALUES ('operation', 'place-1', 1, 1795310008964, '{"node":"sn1","operation":{"number":1,"kind":"install","state":"succeeded","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"phone-home","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008934,"ended_ms":1795310008964,"by":"admin"},"steps":{"agent":6,"plan":8,"check":12,"image":8,"wipe":8,"write":4,"seed":5,"table":7,"reboot":3,"phone-home":30}}');
INSERT INTO public.documents VALUES ('worker', 'sn1', 1, 1795310008964, '{"public_key":"O18I49E78t54980sCGTi9pn5TfI2eWclNW9f0uvx7k8=","generation":3,"since_ms":1795310008964,"last_beat_ms":1795310008964,"says":{"kernel":"6.1.0-37-amd64","uptime_s":7,"addresses":[{"interface":"eth0","mac":"52:54:00:77:00:01","address":"10.77.0.100/24"}],"host_keys":[{"type":"ssh-ed25519","key":"AAAAC3NzaC1lZDI1NTE5AAAAIPeSP9CZ3myFy/oABiT2NXv2ZeYrcxQEDHRSUjJ0meNp"}],"health":[{"name":"systemd","state":"ok","text":"running"}],"version":"0.1","system":"Debian 12","hostname":"w-sn1","address":"10.77.0.100"}}');
INSERT INTO public.documents VALUES ('traits', 'sn9', 1, 1795310009003, '{"disk.size":["2147483648"]}');
INSERT INTO public.documents VALUES ('node', 'sn9', 1, 1795310009003, '{"kind":"node","name":"sn9","version":1,"labels":{},"spec":{},"status":{"phase":"discovered","address":"10.77.0.100","boot":"83843887eb7a7280","first_seen_ms":1795310009003,"last_seen_ms":1795310009003,"generation":1,"inventory_hash":"7ccabc01bb3bedfe1a05f37b89adeb10b77e86e1a46f59617ac702e39c22a874","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN9","uuid":"00000009-1111-1111-1111-111111111111","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":2147483648,"nic_count":1},"macs":["52:54:00:77:00:09"],"conditions":[]}}');
INSERT INTO public.edges VALUES (1, 'edge', 'cd5e716b22de97df1cb8b104b5ce7415e4dc9035ef54516ac716c658ed690a05', 1795310008747, 0);
INSERT INTO public.events VALUES (1, 1795310008814, '', '', 'document', '{"id":1,"at_ms":1795310008814,"step":"document","text":"admin wrote profile ''worker'', version 1","by":"controller"}');
INSERT INTO public.events VALUES (2, 1795310008839, '52:54:00:77:00:01', 'dd47bdec510227ce', 'claim', '{"id":2,"at_ms":1795310008839,"mac":"52:54:00:77:00:01","address":"10.77.0.100","boot":"dd47bdec510227ce","step":"claim","by":"controller"}');
INSERT INTO public.events VALUES (3, 1795310008846, '52:54:00:77:00:01', 'dd47bdec510227ce', 'discovered', '{"id":3,"at_ms":1795310008846,"mac":"52:54:00:77:00:01","boot":"dd47bdec510227ce","node":"sn1","step":"discovered","text":"sn1","by":"controller"}');
INSERT INTO public.events VALUES (4, 1795310008846, '52:54:00:77:00:01', 'dd47bdec510227ce', 'held', '{"id":4,"at_ms":1795310008846,"mac":"52:54:00:77:00:01","boot":"dd47bdec510227ce","node":"sn1","step":"held","text":"no rule takes it: an operator accepts or deletes it","by":"controller"}');
INSERT INTO public.events VALUES (5, 1795310008856, '52:54:00:77:00:01', 'dd47bdec510227ce', 'phase', '{"id":5,"at_ms":1795310008856,"mac":"52:54:00:77:00:01","boot":"dd47bdec510227ce","node":"sn1","step":"phase","text":"discovered -> ready: accepted by admin","by":"controller"}');
INSERT INTO public.events VALUES (6, 1795310008863, '', '', 'document', '{"id":6,"at_ms":1795310008863,"step":"document","text":"admin wrote key ''ops'', version 1","by":"controller"}');
INSERT INTO public.events VALUES (7, 1795310008873, '52:54:00:77:00:01', 'dd47bdec510227ce', 'operation', '{"id":7,"at_ms":1795310008873,"mac":"52:54:00:77:00:01","boot":"dd47bdec510227ce","node":"sn1","step":"operation","text":"install ''worker'' on nvme0n1 (NVME-0001) by admin: begun","by":"controller"}');
INSERT INTO public.events VALUES (8, 1795310008899, '52:54:00:77:00:01', 'dd47bdec510227ce', 'check', '{"id":8,"at_ms":1795310008899,"mac":"52:54:00:77:00:01","boot":"dd47bdec510227ce","node":"sn1","step":"check","took_ms":7,"by":"controller"}');
INSERT INTO public.events VALUES (9, 1795310008907, '52:54:00:77:00:01', 'dd47bdec510227ce', 'image', '{"id":9,"at_ms":1795310008907,"mac":"52:54:00:77:00:01","boot":"dd47bdec510227ce","node":"sn1","step":"image","took_ms":7,"by":"controller"}');
INSERT INTO public.events VALUES (10, 1795310008915, '52:54:00:77:00:01', 'dd47bdec510227ce', 'wipe', '{"id":10,"at_ms":1795310008915,"mac":"52:54:00:77:00:01","boot":"dd47bdec510227ce","node":"sn1","step":"wipe","took_ms":7,"by":"controller"}');
INSERT INTO public.events VALUES (11, 1795310008919, '52:54:00:77:00:01', 'dd47bdec510227ce', 'write', '{"id":11,"at_ms":1795310008919,"mac":"52:54:00:77:00:01","boot":"dd47bdec510227ce","node":"sn1","step":"write","took_ms":7,"by":"controller"}');
INSERT INTO public.events VALUES (12, 1795310008924, '52:54:00:77:00:01', 'dd47bdec510227ce', 'seed', '{"id":12,"at_ms":1795310008924,"mac":"52:54:00:77:00:01","boot":"dd47bdec510227ce","node":"sn1","step":"seed","took_ms":7,"by":"controller"}');
INSERT INTO public.events VALUES (13, 1795310008931, '52:54:00:77:00:01', 'dd47bdec510227ce', 'table', '{"id":13,"at_ms":1795310008931,"mac":"52:54:00:77:00:01","boot":"dd47bdec510227ce","node":"sn1","step":"table","took_ms":7,"by":"controller"}');
INSERT INTO public.events VALUES (14, 1795310008934, '52:54:00:77:00:01', 'dd47bdec510227ce', 'reboot', '{"id":14,"at_ms":1795310008934,"mac":"52:54:00:77:00:01","boot":"dd47bdec510227ce","node":"sn1","step":"reboot","took_ms":7,"by":"controller"}');
INSERT INTO public.events VALUES (15, 1795310008964, '52:54:00:77:00:01', 'dd47bdec510227ce', 'phone-home', '{"id":15,"at_ms":1795310008964,"mac":"52:54:00:77:00:01","address":"10.77.0.100","boot":"dd47bdec510227ce","node":"sn1","step":"phone-home","text":"Debian 12 as w-sn1, cloudie-worker 0.1","by":"controller"}');
INSERT INTO public.events VALUES (16, 1795310008964, '52:54:00:77:00:01', 'dd47bdec510227ce', 'operation', '{"id":16,"at_ms":1795310008964,"mac":"52:54:00:77:00:01","boot":"dd47bdec510227ce","node":"sn1","step":"operation","text":"install ''worker'' on nvme0n1 (NVME-0001) by admin: succeeded","by":"controller"}');
INSERT INTO public.events VALUES (17, 1795310008964, '52:54:00:77:00:01', 'dd47bdec510227ce', 'phase', '{"id":17,"at_ms":1795310008964,"mac":"52:54:00:77:00:01","boot":"dd47bdec510227ce","node":"sn1","step":"phase","text":"ready -> deployed: its installed system phoned home","by":"controller"}');
INSERT INTO public.events VALUES (18, 1795310008997, '52:54:00:77:00:09', '83843887eb7a7280', 'claim', '{"id":18,"at_ms":1795310008997,"mac":"52:54:00:77:00:09","address":"10.77.0.100","boot":"83843887eb7a7280","step":"claim","by":"controller"}');
INSERT INTO public.events VALUES (19, 1795310009003, '52:54:00:77:00:09', '83843887eb7a7280', 'discovered', '{"id":19,"at_ms":1795310009003,"mac":"52:54:00:77:00:09","boot":"83843887eb7a7280","node":"sn9","step":"discovered","text":"sn9","by":"controller"}');
INSERT INTO public.events VALUES (20, 1795310009003, '52:54:00:77:00:09', '83843887eb7a7280', 'held', '{"id":20,"at_ms":1795310009003,"mac":"52:54:00:77:00:09","boot":"83843887eb7a7280","node":"sn9","step":"held","text":"no rule takes it: an operator accepts or deletes it","by":"controller"}');
INSERT INTO public.history VALUES (1, 'profile', 'worker', 1, 1795310008814, '{"kind":"profile","name":"worker","version":1,"labels":{"of":"tests"},"spec":{"steps":[{"wipe":"quick"},{"image":"worker"},{"grow":"root"},{"seed":{"hostname":"w-{name}"}}]}}');
INSERT INTO public.history VALUES (2, 'node', 'sn1', 1, 1795310008846, '{"kind":"node","name":"sn1","version":1,"labels":{},"spec":{},"status":{"phase":"discovered","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008846,"generation":1,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[]}}');
INSERT INTO public.history VALUES (3, 'node', 'sn1', 2, 1795310008856, '{"kind":"node","name":"sn1","version":2,"labels":{},"spec":{},"status":{"phase":"ready","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008846,"generation":2,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","accepted_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[]}}');
INSERT INTO public.history VALUES (4, 'key', 'ops', 1, 1795310008863, '{"kind":"key","name":"ops","version":1,"labels":{},"spec":{"public_key":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ops"}}');
INSERT INTO public.history VALUES (5, 'node', 'sn1', 3, 1795310008873, '{"kind":"node","name":"sn1","version":3,"labels":{},"spec":{},"status":{"phase":"ready","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008846,"generation":3,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","accepted_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[],"operation":{"number":1,"kind":"install","state":"running","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"agent","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008873,"deadline_ms":1795311808873,"by":"admin"},"steps":{},"install":{"wipe":true,"grow":true,"hostname":"w-sn1","image_size":1048576}}}');
INSERT INTO public.history VALUES (6, 'node', 'sn1', 4, 1795310008879, '{"kind":"node","name":"sn1","version":4,"labels":{},"spec":{},"status":{"phase":"ready","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008879,"generation":3,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","accepted_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[{"name":"agent-online","since_ms":1795310008879,"reason":"its agent waits for orders"}],"operation":{"number":1,"kind":"install","state":"running","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"plan","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008879,"deadline_ms":1795310068879,"by":"admin"},"steps":{"agent":6},"install":{"wipe":true,"grow":true,"hostname":"w-sn1","image_size":1048576}}}');
INSERT INTO public.history VALUES (7, 'node', 'sn1', 5, 1795310008887, '{"kind":"node","name":"sn1","version":5,"labels":{},"spec":{},"status":{"phase":"ready","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008887,"generation":3,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","accepted_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[{"name":"agent-online","since_ms":1795310008879,"reason":"its agent waits for orders"}],"operation":{"number":1,"kind":"install","state":"running","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"check","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008887,"deadline_ms":1795310128887,"by":"admin"},"steps":{"agent":6,"plan":8},"install":{"wipe":true,"grow":true,"hostname":"w-sn1","image_size":1048576}}}');
INSERT INTO public.history VALUES (8, 'phone-home', 'sn1', 1, 1795310008887, '{"hash":"9fde3afa4434f111b8b68c35e78309918a5f8a015df9b24ea999e40a9a0ffb9f","used":false,"generation":3}');
INSERT INTO public.history VALUES (9, 'node', 'sn1', 6, 1795310008899, '{"kind":"node","name":"sn1","version":6,"labels":{},"spec":{},"status":{"phase":"ready","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008899,"generation":3,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","accepted_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[{"name":"agent-online","since_ms":1795310008879,"reason":"its agent waits for orders"}],"operation":{"number":1,"kind":"install","state":"running","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"image","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008899,"deadline_ms":1795310308899,"by":"admin"},"steps":{"agent":6,"plan":8,"check":12},"install":{"wipe":true,"grow":true,"hostname":"w-sn1","image_size":1048576}}}');
INSERT INTO public.history VALUES (10, 'node', 'sn1', 7, 1795310008907, '{"kind":"node","name":"sn1","version":7,"labels":{},"spec":{},"status":{"phase":"ready","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008907,"generation":3,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","accepted_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[{"name":"agent-online","since_ms":1795310008879,"reason":"its agent waits for orders"}],"operation":{"number":1,"kind":"install","state":"running","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"wipe","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008907,"deadline_ms":1795310128907,"by":"admin"},"steps":{"agent":6,"plan":8,"check":12,"image":8},"install":{"wipe":true,"grow":true,"is_touched":true,"hostname":"w-sn1","image_size":1048576}}}');
INSERT INTO public.history VALUES (11, 'node', 'sn1', 8, 1795310008915, '{"kind":"node","name":"sn1","version":8,"labels":{},"spec":{},"status":{"phase":"ready","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008915,"generation":3,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","accepted_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[{"name":"agent-online","since_ms":1795310008879,"reason":"its agent waits for orders"}],"operation":{"number":1,"kind":"install","state":"running","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"write","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008915,"deadline_ms":1795310188915,"by":"admin"},"steps":{"agent":6,"plan":8,"check":12,"image":8,"wipe":8},"install":{"wipe":true,"grow":true,"is_touched":true,"hostname":"w-sn1","image_size":1048576},"installed":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864}}}');
INSERT INTO public.history VALUES (12, 'node', 'sn1', 9, 1795310008919, '{"kind":"node","name":"sn1","version":9,"labels":{},"spec":{},"status":{"phase":"ready","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008919,"generation":3,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","accepted_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[{"name":"agent-online","since_ms":1795310008879,"reason":"its agent waits for orders"}],"operation":{"number":1,"kind":"install","state":"running","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"seed","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008919,"deadline_ms":1795310128919,"by":"admin"},"steps":{"agent":6,"plan":8,"check":12,"image":8,"wipe":8,"write":4},"install":{"wipe":true,"grow":true,"is_touched":true,"hostname":"w-sn1","image_size":1048576},"installed":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864}}}');
INSERT INTO public.history VALUES (13, 'node', 'sn1', 10, 1795310008924, '{"kind":"node","name":"sn1","version":10,"labels":{},"spec":{},"status":{"phase":"ready","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008924,"generation":3,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","accepted_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[{"name":"agent-online","since_ms":1795310008879,"reason":"its agent waits for orders"}],"operation":{"number":1,"kind":"install","state":"running","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"table","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008924,"deadline_ms":1795310128924,"by":"admin"},"steps":{"agent":6,"plan":8,"check":12,"image":8,"wipe":8,"write":4,"seed":5},"install":{"wipe":true,"grow":true,"is_touched":true,"hostname":"w-sn1","image_size":1048576},"installed":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864}}}');
INSERT INTO public.history VALUES (14, 'node', 'sn1', 11, 1795310008931, '{"kind":"node","name":"sn1","version":11,"labels":{},"spec":{},"status":{"phase":"ready","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008931,"generation":3,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","accepted_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[{"name":"agent-online","since_ms":1795310008879,"reason":"its agent waits for orders"}],"operation":{"number":1,"kind":"install","state":"running","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"reboot","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008931,"deadline_ms":1795310128931,"by":"admin"},"steps":{"agent":6,"plan":8,"check":12,"image":8,"wipe":8,"write":4,"seed":5,"table":7},"install":{"wipe":true,"grow":true,"is_touched":true,"hostname":"w-sn1","image_size":1048576},"installed":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864}}}');
INSERT INTO public.history VALUES (15, 'node', 'sn1', 12, 1795310008934, '{"kind":"node","name":"sn1","version":12,"labels":{},"spec":{},"status":{"phase":"ready","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008934,"generation":3,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","accepted_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[{"name":"agent-online","since_ms":1795310008879,"reason":"its agent waits for orders"}],"operation":{"number":1,"kind":"install","state":"running","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"phone-home","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008934,"deadline_ms":1795311208934,"by":"admin"},"steps":{"agent":6,"plan":8,"check":12,"image":8,"wipe":8,"write":4,"seed":5,"table":7,"reboot":3},"install":{"wipe":true,"grow":true,"is_touched":true,"hostname":"w-sn1","image_size":1048576},"installed":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864}}}');
INSERT INTO public.history VALUES (16, 'phone-home', 'sn1', 2, 1795310008964, '{"hash":"9fde3afa4434f111b8b68c35e78309918a5f8a015df9b24ea999e40a9a0ffb9f","used":true,"generation":3}');
INSERT INTO public.history VALUES (17, 'node', 'sn1', 13, 1795310008964, '{"kind":"node","name":"sn1","version":13,"labels":{},"spec":{},"status":{"phase":"deployed","address":"10.77.0.100","boot":"dd47bdec510227ce","first_seen_ms":1795310008846,"last_seen_ms":1795310008964,"generation":4,"inventory_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","accepted_hash":"271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":67108864,"nic_count":1},"macs":["52:54:00:77:00:01"],"conditions":[],"operation":{"number":1,"kind":"install","state":"succeeded","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"phone-home","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008934,"ended_ms":1795310008964,"by":"admin"},"steps":{"agent":6,"plan":8,"check":12,"image":8,"wipe":8,"write":4,"seed":5,"table":7,"reboot":3,"phone-home":30},"install":{"wipe":true,"grow":true,"is_touched":true,"hostname":"w-sn1","image_size":1048576},"installed":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864}}}');
INSERT INTO public.history VALUES (18, 'operation', 'place-1', 1, 1795310008964, '{"node":"sn1","operation":{"number":1,"kind":"install","state":"succeeded","generation":3,"profile":"worker","profile_hash":"1dbe2ec4071bf1593be0b8375e50482942696f434867c36fa850eaf6054728c5","image":"worker","image_id":"81217c2103928457d35aa417d94b556c","disk":{"name":"nvme0n1","serial":"NVME-0001","model":"QEMU","size":67108864},"step":"phone-home","attempt":1,"queued_ms":1795310008873,"started_ms":1795310008873,"step_started_ms":1795310008934,"ended_ms":1795310008964,"by":"admin"},"steps":{"agent":6,"plan":8,"check":12,"image":8,"wipe":8,"write":4,"seed":5,"table":7,"reboot":3,"phone-home":30}}');
INSERT INTO public.history VALUES (19, 'worker', 'sn1', 1, 1795310008964, '{"public_key":"O18I49E78t54980sCGTi9pn5TfI2eWclNW9f0uvx7k8=","generation":3,"since_ms":1795310008964,"last_beat_ms":1795310008964,"says":{"kernel":"6.1.0-37-amd64","uptime_s":7,"addresses":[{"interface":"eth0","mac":"52:54:00:77:00:01","address":"10.77.0.100/24"}],"host_keys":[{"type":"ssh-ed25519","key":"AAAAC3NzaC1lZDI1NTE5AAAAIPeSP9CZ3myFy/oABiT2NXv2ZeYrcxQEDHRSUjJ0meNp"}],"health":[{"name":"systemd","state":"ok","text":"running"}],"version":"0.1","system":"Debian 12","hostname":"w-sn1","address":"10.77.0.100"}}');
INSERT INTO public.history VALUES (20, 'node', 'sn9', 1, 1795310009003, '{"kind":"node","name":"sn9","version":1,"labels":{},"spec":{},"status":{"phase":"discovered","address":"10.77.0.100","boot":"83843887eb7a7280","first_seen_ms":1795310009003,"last_seen_ms":1795310009003,"generation":1,"inventory_hash":"7ccabc01bb3bedfe1a05f37b89adeb10b77e86e1a46f59617ac702e39c22a874","summary":{"vendor":"QEMU","product":"Standard PC","serial":"SN9","uuid":"00000009-1111-1111-1111-111111111111","cpu":"a CPU","threads":2,"memory_bytes":536870912,"disk_count":1,"disk_bytes":2147483648,"nic_count":1},"macs":["52:54:00:77:00:09"],"conditions":[]}}');
INSERT INTO public.inventories VALUES ('sn1', 1795310008846, '{"schema": 1, "system": {"vendor": "QEMU", "product": "Standard PC", "serial": "SN1", "uuid": "4c4c4544-0042-3510-8052-b4c04f4b4c31"}, "cpu": {"model": "a CPU", "threads": 2, "isa_level": "x86-64-v2"}, "memory": {"total": 536870912}, "nics": {"items": [{"name": "eth0", "mac": "52:54:00:77:00:01"}]}, "disks": {"items": [{"name": "nvme0n1", "type": "nvme", "size": 67108864, "serial": "NVME-0001", "model": "QEMU"}]}}');
INSERT INTO public.inventories VALUES ('sn9', 1795310009003, '{"schema": 1, "system": {"vendor": "QEMU", "product": "Standard PC", "serial": "SN9", "uuid": "00000009-1111-1111-1111-111111111111"}, "cpu": {"model": "a CPU", "threads": 2}, "memory": {"total": 536870912}, "nics": {"items": [{"name": "eth0", "mac": "52:54:00:77:00:09"}]}, "disks": {"items": [{"size": 2147483648}]}}');
INSERT INTO public.inventory_baselines VALUES ('sn1', '271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0');
INSERT INTO public.inventory_bodies VALUES ('271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0', '{"cpu":{"isa_level":"x86-64-v2","model":"a CPU","threads":2},"disks":{"items":[{"model":"QEMU","name":"nvme0n1","serial":"NVME-0001","size":67108864,"type":"nvme"}]},"memory":{},"nics":{"items":[{"mac":"52:54:00:77:00:01","name":"eth0"}]},"schema":1,"system":{"product":"Standard PC","serial":"SN1","uuid":"4c4c4544-0042-3510-8052-b4c04f4b4c31","vendor":"QEMU"}}', '{"class":"QEMU Standard PC","facts":{"CPU":"a CPU","threads":"2","disk count":"1","disks":"1 x 64.0 MiB QEMU","disk firmware":"1 x QEMU","NIC count":"1"}}');
INSERT INTO public.inventory_bodies VALUES ('7ccabc01bb3bedfe1a05f37b89adeb10b77e86e1a46f59617ac702e39c22a874', '{"cpu":{"model":"a CPU","threads":2},"disks":{"items":[{"size":2147483648}]},"memory":{},"nics":{"items":[{"mac":"52:54:00:77:00:09","name":"eth0"}]},"schema":1,"system":{"product":"Standard PC","serial":"SN9","uuid":"00000009-1111-1111-1111-111111111111","vendor":"QEMU"}}', '{"class":"QEMU Standard PC","facts":{"CPU":"a CPU","threads":"2","disk count":"1","disks":"1 x 2.0 GiB","NIC count":"1"}}');
INSERT INTO public.inventory_history VALUES (1, 'sn1', '271c4ad182f7646a987e47ad80135592e88551027f0dfa251b048a57d04822a0', 1795310008846, 1795310008846, 1, 0, 362);
INSERT INTO public.inventory_history VALUES (2, 'sn9', '7ccabc01bb3bedfe1a05f37b89adeb10b77e86e1a46f59617ac702e39c22a874', 1795310009003, 1795310009003, 1, 0, 273);
INSERT INTO public.tokens VALUES ('b1644e0a38e3f0b747c4ab9f658ab92c23d836f2849a8284a1cbdf38910a0300', 'admin', 'admin', '', 1795310008740, 4102444800000);
SELECT pg_catalog.setval('public.history_rowid_seq', 20, true);
SELECT pg_catalog.setval('public.inventory_history_id_seq', 2, true);
ALTER TABLE ONLY public.boots
    ADD CONSTRAINT boots_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.claims
    ADD CONSTRAINT claims_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (kind, name);
ALTER TABLE ONLY public.edges
    ADD CONSTRAINT edges_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.history
    ADD CONSTRAINT history_pkey PRIMARY KEY (rowid);
ALTER TABLE ONLY public.inventories
    ADD CONSTRAINT inventories_pkey PRIMARY KEY (node);
ALTER TABLE ONLY public.inventory_baselines
    ADD CONSTRAINT inventory_baselines_pkey PRIMARY KEY (node);
ALTER TABLE ONLY public.inventory_bodies
    ADD CONSTRAINT inventory_bodies_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.inventory_history
    ADD CONSTRAINT inventory_history_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (hash);
CREATE INDEX events_of ON public.events USING btree (mac, id);
CREATE INDEX history_of ON public.history USING btree (kind, name, version);
CREATE INDEX inventory_baselines_with ON public.inventory_baselines USING btree (hash);
CREATE INDEX inventory_history_of ON public.inventory_history USING btree (node, id);
CREATE INDEX inventory_history_with ON public.inventory_history USING btree (hash);
CREATE TRIGGER forget_body_of_baseline AFTER DELETE OR UPDATE ON public.inventory_baselines FOR EACH ROW EXECUTE FUNCTION public.forget_body();
CREATE TRIGGER forget_body_of_history AFTER DELETE ON public.inventory_history FOR EACH ROW EXECUTE FUNCTION public.forget_body();
