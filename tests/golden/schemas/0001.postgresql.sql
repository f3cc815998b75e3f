CREATE TABLE public.assessed (
    site text NOT NULL,
    made timestamp with time zone NOT NULL
);
CREATE TABLE public.audit (
    number bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    facts text NOT NULL,
    hash text NOT NULL
);
CREATE TABLE public.audit_head (
    id integer NOT NULL,
    number bigint NOT NULL,
    hash text NOT NULL
);
CREATE TABLE public.change (
    id text NOT NULL,
    state text NOT NULL,
    digest text NOT NULL,
    plan text NOT NULL,
    requester text NOT NULL,
    created timestamp with time zone NOT NULL,
    approver text NOT NULL,
    approved timestamp with time zone,
    ticket text NOT NULL
);
CREATE TABLE public.device (
    site text NOT NULL,
    id text NOT NULL,
    device_class text NOT NULL,
    status text NOT NULL,
    vendor text NOT NULL,
    model text NOT NULL,
    firmware text NOT NULL,
    serial text NOT NULL,
    hostname text NOT NULL,
    first_seen timestamp with time zone NOT NULL,
    last_seen timestamp with time zone NOT NULL,
    document text NOT NULL
);
CREATE TABLE public.finding (
    id bigint NOT NULL,
    site text NOT NULL,
    device text NOT NULL,
    rule text NOT NULL,
    clause text NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    evidence text NOT NULL,
    waiver text NOT NULL
);
CREATE SEQUENCE public.finding_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.finding_id_seq OWNED BY public.finding.id;
CREATE TABLE public.lanward_schema (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.observation (
    id bigint NOT NULL,
    run text NOT NULL,
    source text NOT NULL,
    seen timestamp with time zone NOT NULL,
    site text NOT NULL,
    address text NOT NULL,
    attribute text NOT NULL,
    value text NOT NULL,
    confidence integer NOT NULL,
    raw text NOT NULL,
    vlan integer,
    interface text NOT NULL
);
CREATE SEQUENCE public.observation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.observation_id_seq OWNED BY public.observation.id;
CREATE TABLE public.qualification (
    platform text NOT NULL,
    model text NOT NULL,
    release text NOT NULL,
    switch text NOT NULL,
    passed boolean NOT NULL,
    at timestamp with time zone NOT NULL,
    results text NOT NULL
);
CREATE TABLE public.receipt (
    change text NOT NULL,
    switch text NOT NULL,
    state text NOT NULL,
    started timestamp with time zone NOT NULL,
    ended timestamp with time zone NOT NULL,
    steps text NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    undo_file text NOT NULL
);
CREATE TABLE public.run (
    id text NOT NULL,
    site text NOT NULL,
    profile text NOT NULL,
    state text NOT NULL,
    started timestamp with time zone NOT NULL,
    ended timestamp with time zone,
    hosts integer NOT NULL,
    scopes text NOT NULL,
    finished text NOT NULL,
    not_scanned text NOT NULL,
    errors text NOT NULL
);
CREATE TABLE public.vendor (
    name text NOT NULL,
    contact text NOT NULL,
    contract_from date,
    contract_to date,
    service_undertakings text NOT NULL,
    update_period text NOT NULL,
    reports_vulnerabilities boolean,
    action_plan text NOT NULL,
    labels text NOT NULL
);
CREATE TABLE public.waiver (
    id text NOT NULL,
    device text NOT NULL,
    kind text NOT NULL,
    clauses text NOT NULL,
    controls text NOT NULL,
    requester text NOT NULL,
    state text NOT NULL,
    expires date NOT NULL,
    approver text NOT NULL,
    replacement date,
    reason text NOT NULL
);
ALTER TABLE ONLY public.finding ALTER COLUMN id SET DEFAULT nextval('public.finding_id_seq'::regclass);
ALTER TABLE ONLY public.observation ALTER COLUMN id SET DEFAULT nextval('public.observation_id_seq'::regclass);
INSERT INTO public.assessed VALUES ('hq', '2026-11-22 08:00:00.123456+00');
INSERT INTO public.audit VALUES (1, '2026-11-22 08:00:00.123456+00', 'alice', 'device.set', 'd-0000000007', '[["class","mfp"],["why","\u5f71\ud800"]]', 'e7eaed536f56302c806c7b624f62973e5d2f93a12ca06a83a8a54c3b047cf122');
INSERT INTO public.audit VALUES (2, '2026-11-22 08:00:00.123456+00', 'bob', 'change.approve', 'C-1', '[]', '671c0e6d1ecf869dd9f56d96cee738984e67d67e3f5114835bc13a3194fb834d');
INSERT INTO public.audit_head VALUES (1, 2, '671c0e6d1ecf869dd9f56d96cee738984e67d67e3f5114835bc13a3194fb834d');
INSERT INTO public.change VALUES ('C-1', 'approved', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', '{"holdings":[{"address":"10.36.32.14","device":"d-eb69766ff4","flows":[{"direction":"serves","peers":["10.36.116.0/28"],"reason":"","service":{"name":"http","ports":[[80,80],[8080,8080]],"proto":"tcp"}},{"direction":"serves","peers":["10.36.116.0/28"],"reason":"","service":{"name":"https","ports":[[443,443],[8443,8443]],"proto":"tcp"}},{"direction":"serves","peers":["10.36.116.0/28"],"reason":"","service":{"name":"snmp","ports":[[161,161]],"proto":"udp"}},{"direction":"uses","peers":["10.36.83.7/32"],"reason":"","service":{"name":"mqtt","ports":[[1883,1883],[8883,8883]],"proto":"tcp"}},{"direction":"serves","peers":["10.36.116.0/28"],"reason":"","service":{"name":"ping","ports":[],"proto":"icmp"}},{"direction":"uses","peers":["10.36.116.0/28"],"reason":"","service":{"name":"ping","ports":[],"proto":"icmp"}},{"direction":"uses","peers":["10.36.58.1/32","10.36.83.10/32","255.255.255.255/32"],"reason":"its address","service":{"name":"dhcp","ports":[[67,67]],"proto":"udp"}},{"direction":"uses","peers":["10.36.83.10/32"],"reason":"","service":{"name":"dns","ports":[[53,53]],"proto":"tcp"}},{"direction":"uses","peers":["10.36.83.10/32"],"reason":"","service":{"name":"dns","ports":[[53,53]],"proto":"udp"}},{"direction":"uses","peers":["10.36.83.10/32"],"reason":"","service":{"name":"ntp","ports":[[123,123]],"proto":"udp"}},{"direction":"uses","peers":["10.36.116.0/28"],"reason":"its log","service":{"name":"syslog","ports":[[514,514]],"proto":"udp"}}],"mac":"00:07:f9:9a:90:1c","port":"GigabitEthernet1/0/11","switch":"acc1"},{"address":"10.36.32.9","device":"d-3916558909","flows":[{"direction":"serves","peers":["10.36.116.0/28"],"reason":"","service":{"name":"http","ports":[[80,80],[8080,8080]],"proto":"tcp"}},{"direction":"serves","peers":["10.36.116.0/28"],"reason":"","service":{"name":"https","ports":[[443,443],[8443,8443]],"proto":"tcp"}},{"direction":"serves","peers":["10.36.116.0/28"],"reason":"","service":{"name":"snmp","ports":[[161,161]],"proto":"udp"}},{"direction":"serves","peers":["10.36.116.0/28"],"reason":"","service":{"name":"ssh","ports":[[22,22]],"proto":"tcp"}},{"direction":"serves","peers":["10.36.116.0/28"],"reason":"","service":{"name":"ping","ports":[],"proto":"icmp"}},{"direction":"uses","peers":["10.36.116.0/28"],"reason":"","service":{"name":"ping","ports":[],"proto":"icmp"}},{"direction":"uses","peers":["10.36.58.1/32","10.36.83.10/32","255.255.255.255/32"],"reason":"its address","service":{"name":"dhcp","ports":[[67,67]],"proto":"udp"}},{"direction":"uses","peers":["10.36.83.10/32"],"reason":"","service":{"name":"dns","ports":[[53,53]],"proto":"tcp"}},{"direction":"uses","peers":["10.36.83.10/32"],"reason":"","service":{"name":"dns","ports":[[53,53]],"proto":"udp"}},{"direction":"uses","peers":["10.36.83.10/32"],"reason":"","service":{"name":"ntp","ports":[[123,123]],"proto":"udp"}},{"direction":"uses","peers":["10.36.116.0/28"],"reason":"its log","service":{"name":"syslog","ports":[[514,514]],"proto":"udp"}}],"mac":"00:90:e8:88:02:66","port":"GigabitEthernet1/0/15","switch":"acc1"}],"made":"2026-11-22T18:19:45.751815+00:00","omitted":[{"device":"d-e7d140d0f6","reason":"not in any forwarding table","where":""}],"policy":"1332fb5f1cb9eeaaaf28c96ab9826505ffeffbb5e29e6a1c8596f424e1c94407","site":"tainan-hq","switches":[{"acls":[{"lines":["ip access-list extended LW-022d8a62"," remark lanward tainan-hq DEMO-1"," 10 permit tcp host 10.36.32.10 host 10.36.83.10 eq 53"," 20 permit tcp host 10.36.32.10 eq 22 10.36.116.0 0.0.0.15 established"," 30 permit tcp host 10.36.32.10 eq 80 10.36.116.0 0.0.0.15 established"," 40 permit tcp host 10.36.32.10 eq 443 10.36.116.0 0.0.0.15 established"," 50 permit tcp host 10.36.32.10 eq 8080 10.36.116.0 0.0.0.15 established"," 60 permit tcp host 10.36.32.10 eq 8443 10.36.116.0 0.0.0.15 established"," 70 permit udp host 10.36.32.10 host 10.36.58.1 eq 67"," 80 permit udp host 10.36.32.10 host 10.36.83.10 eq 53"," 90 permit udp host 10.36.32.10 host 10.36.83.10 eq 67"," 100 permit udp host 10.36.32.10 host 10.36.83.10 eq 123"," 110 permit udp host 10.36.32.10 10.36.116.0 0.0.0.15 eq 162"," 120 permit udp host 10.36.32.10 10.36.116.0 0.0.0.15 eq 514"," 130 permit udp host 10.36.32.10 eq 161 10.36.116.0 0.0.0.15"," 140 permit udp host 10.36.32.10 host 255.255.255.255 eq 67"," 150 permit icmp host 10.36.32.10 host 10.36.58.1 unreachable"," 160 permit icmp host 10.36.32.10 host 10.36.83.10 unreachable"," 170 permit icmp host 10.36.32.10 10.36.116.0 0.0.0.15 echo-reply"," 180 permit icmp host 10.36.32.10 10.36.116.0 0.0.0.15 unreachable"," 190 permit icmp host 10.36.32.10 10.36.116.0 0.0.0.15 echo"," 200 permit icmp host 10.36.32.10 host 255.255.255.255 unreachable"," 210 deny ip host 10.36.32.10 any fragments"," 220 permit udp host 10.36.32.10 eq 68 any eq 67"," 230 deny ip host 10.36.32.10 any"," 240 permit ip any any"],"name":"LW-022d8a62"}],"bind":[{"acl":"LW-505be7c0","devices":["d-5c46bc3f57"],"form":"shared","macs":["7c:c2:55:41:9a:8a"],"port":"GigabitEthernet1/0/12","vlan":83}],"commands":["configure terminal revert timer 10","ip access-list extended LW-022d8a62"," remark lanward tainan-hq DEMO-1"," 10 permit tcp host 10.36.32.10 host 10.36.83.10 eq 53"," 20 permit tcp host 10.36.32.10 eq 22 10.36.116.0 0.0.0.15 established"," 30 permit tcp host 10.36.32.10 eq 80 10.36.116.0 0.0.0.15 established"],"dropped":[],"platform":"cisco_ios","release":[],"replaced":[],"safety_net":"configure terminal revert timer, with archive","state":"6f20ab6bb57392813258734f4c584d8555c5a161e57802ac96944b1de13fda24","switch":"dist1","undo":["configure terminal","interface GigabitEthernet1/0/12","no ip access-group LW-505be7c0 in","exit","interface GigabitEthernet1/0/5","no ip access-group LW-44f14eac in"],"wave":1}],"traffic":[{"device":"d-3916558909","effect":"closes","flow":"anything else that it opens itself","reason":"not in the policy"},{"device":"d-3916558909","effect":"stays","flow":"icmp (ping) from 10.36.116.0/28","reason":""},{"device":"d-3916558909","effect":"stays","flow":"icmp (ping) to 10.36.116.0/28","reason":""}]}', 'alice', '2026-11-22 08:00:00.123456+00', 'bob', '2026-11-22 08:00:00.123456+00', 'CHG0001');
INSERT INTO public.device VALUES ('hq', 'd-0000000007', 'mfp', 'present', 'Ricoh', 'MP 3053', '1.09', 'W1234567', '影印機', '2026-11-22 08:00:00.123456+00', '2026-11-23 08:00:00.123456+00', '{"address_reserved":false,"attachment":{"port":"GigabitEthernet1/0/7","switch":"acc1","vlan":30},"attachment_note":"","confidence":90,"connection":"wired","device_class":"mfp","evidence":[{"attribute":"class","confidence":90,"detail":"a human''s word","seen":"2026-11-22T08:00:00.123456+00:00","source":"human:alice","value":"mfp"},{"attribute":"vendor","confidence":48,"detail":"","seen":null,"source":"mac","value":"Ricoh"}],"facts":[["snmp.community","default"]],"firmware":"1.09","first_seen":"2026-11-22T08:00:00.123456+00:00","hostname":"\u5f71\u5370\u6a5f","id":"d-0000000007","ips":["192.0.2.7"],"last_seen":"2026-11-23T08:00:00.123456+00:00","locked":["class"],"macs":["00:26:73:00:00:07"],"managed":true,"manager":"alice","model":"MP 3053","neighbours":1,"place":"3F","ports":[{"port":9100,"proto":"tcp","service":"jetdirect"}],"purpose":"tax forms","registered":true,"serial":"W1234567","site":"hq","status":"present","vendor":"Ricoh"}');
INSERT INTO public.device VALUES ('branch', 'd-0000000008', 'unknown', 'not_scanned', '', '', '', '', '', '2026-11-22 08:00:00.123456+00', '2026-11-22 08:00:00.123456+00', '{"address_reserved":null,"attachment":null,"attachment_note":"","confidence":0,"connection":"","device_class":"unknown","evidence":[],"facts":[],"firmware":"","first_seen":"2026-11-22T08:00:00.123456+00:00","hostname":"","id":"d-0000000008","ips":["2001:db8::8"],"last_seen":"2026-11-22T08:00:00.123456+00:00","locked":[],"macs":[],"managed":null,"manager":"","model":"","neighbours":0,"place":"","ports":[],"purpose":"","registered":false,"serial":"","site":"branch","status":"not_scanned","vendor":""}');
INSERT INTO public.finding VALUES (1, 'hq', 'd-0000000007', 'firmware_baseline', 'A7-3', 'excepted', 'older', '["1.09"]', 'W-1');
INSERT INTO public.finding VALUES (2, 'hq', '', 'vendor_record', 'A7-5', 'unknown', 'nobody looked', '[]', '');
INSERT INTO public.lanward_schema VALUES ('0001');
INSERT INTO public.observation VALUES (1, 'r-1', 'arp', '2026-11-22 08:00:00.123456+00', 'hq', '192.0.2.7', 'mac', '00:26:73:00:00:07', 90, 'is-at 00:26:73:00:00:07', 30, 'eth0');
INSERT INTO public.observation VALUES (2, 'r-1', 'snmp', '2026-11-22 08:00:00.123456+00', 'hq', '2001:db8::7', 'snmp.1.3.6.1.2.1.1.5.0', '"\u5f71\u5370\u6a5f\u0000\ud800"', 80, '"\ue000"', NULL, '');
INSERT INTO public.observation VALUES (3, 'r-1', 'human:alice', '2026-11-22 08:00:00.123456+00', 'branch', '00:26:73:00:00:07', 'admin.class', 'mfp', 100, '', NULL, '');
INSERT INTO public.qualification VALUES ('cisco_ios', 'WS-C2960X', '15.2(7)E', 'acc1', true, '2026-11-22 08:00:00.123456+00', '[["arm","ok"]]');
INSERT INTO public.receipt VALUES ('C-1', 'acc1', 'applied', '2026-11-22 08:00:00.123456+00', '2026-11-22 08:00:09.123456+00', '[{"at":"2026-11-22T18:19:56.528866+00:00","detail":"C9200L-24T-4G 17.06.05, state 1573997fb6d4","name":"preflight","result":"ok"}]', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'undo/C-1-acc1.txt');
INSERT INTO public.run VALUES ('r-1', 'hq', 'deep', 'done', '2026-11-22 08:00:00.123456+00', '2026-11-22 08:05:00.123456+00', 7, '["192.0.2.0/24"]', '["0:arp"]', '["192.0.2.128/25"]', '["snmp: silent"]');
INSERT INTO public.vendor VALUES ('Example 股份有限公司', '02-1234-5678', '2026-01-01', '2027-12-31', '24 h', 'quarterly', false, 'patch in 30 days', '[{"certificate":"TW-1","expires":"2027-03-01","level":"2","scheme":"\u7269\u806f\u7db2\u8cc7\u5b89\u6a19\u7ae0"}]');
INSERT INTO public.waiver VALUES ('W-1', 'd-0000000007', 'unpatchable', '["A7-3"]', '["acl:print"]', 'alice', 'approved', '2027-06-30', 'bob', '2027-05-01', 'no newer firmware');
SELECT pg_catalog.setval('public.finding_id_seq', 2, true);
SELECT pg_catalog.setval('public.observation_id_seq', 3, true);
ALTER TABLE ONLY public.assessed
    ADD CONSTRAINT assessed_pkey PRIMARY KEY (site);
ALTER TABLE ONLY public.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_pkey PRIMARY KEY (site, id);
ALTER TABLE ONLY public.finding
    ADD CONSTRAINT finding_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.lanward_schema
    ADD CONSTRAINT lanward_schema_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.observation
    ADD CONSTRAINT observation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.qualification
    ADD CONSTRAINT qualification_pkey PRIMARY KEY (platform, model, release);
ALTER TABLE ONLY public.receipt
    ADD CONSTRAINT receipt_pkey PRIMARY KEY (change, switch);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.vendor
    ADD CONSTRAINT vendor_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.waiver
    ADD CONSTRAINT waiver_pkey PRIMARY KEY (id);
CREATE INDEX ix_finding_site ON public.finding USING btree (site);
CREATE INDEX ix_observation_address ON public.observation USING btree (address, id);
CREATE INDEX ix_observation_run ON public.observation USING btree (run, id);
CREATE INDEX ix_observation_site ON public.observation USING btree (site, id);
CREATE INDEX ix_run_site ON public.run USING btree (site);
CREATE INDEX ix_waiver_device ON public.waiver USING btree (device);
ALTER TABLE ONLY public.finding
    ADD CONSTRAINT finding_site_fkey FOREIGN KEY (site) REFERENCES public.assessed(site);
